"""What the modules of the bank make their exercises with: mistakes from switches, cases from rows."""

import inspect

from convlab.practice.exercise import Case, Mistake


def known(faulty, sentences):
    """The mistakes that the switches of `faulty` make one at a time, from their names and sentences."""
    return tuple(Mistake(name, sentence, faulty(frozenset({name}))) for name, sentence in sentences.items())


def single(entries):
    """Mistakes whose wrong functions are given, from names, sentences and functions; they are not combined."""
    return tuple(Mistake(name, sentence, wrong) for name, (sentence, wrong) in entries.items())


def row(words, *args, **kwargs):
    """A case without its traits."""
    return words, args, kwargs


def table(solution, traits, *rows):
    """What makes the cases of these rows; a case has the traits whose test its arguments pass, defaults filled in."""
    signature = inspect.signature(solution)

    def cases():
        made = []
        for words, args, kwargs in rows:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            special = frozenset(trait for trait, test in traits.items() if test(**given.arguments))
            made.append(Case(words, args, kwargs, special))
        return tuple(made)

    return cases
