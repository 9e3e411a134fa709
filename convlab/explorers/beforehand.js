// Where no kernel makes scenes: those that Python made beforehand, found by the settings of the controls.

const REFERENCE = "IPY_MODEL_"; // before the id of a widget, where a trait names one

/** Follows the controls of an explorer on a page without a kernel, and gives its model what they ask for. */
class Beforehand {
  constructor(model) {
    this.model = model;
    this.isFilling = false;
    this.stop = [];
    this.ready = this.listen();
  }

  async listen() {
    const { widget_manager: manager } = this.model;
    const ids = this.model.get("leaves").map((reference) => reference.slice(REFERENCE.length));
    this.leaves = await Promise.all(ids.map((id) => manager.get_model(id)));
    this.traits = this.leaves.map((leaf) => (leaf.get("index") === undefined ? "value" : "index"));
    this.leaves.forEach((leaf, number) => {
      const moved = () => this.moved(number);
      leaf.on(`change:${this.traits[number]}`, moved);
      this.stop.push(() => leaf.off(`change:${this.traits[number]}`, moved));
    });
  }

  close() {
    this.ready.then(() => this.stop.forEach((action) => action()));
  }

  /** The scenes, unpacked when they are wanted first. */
  async scenes() {
    if (!this.unpacked) {
      const packed = Uint8Array.from(atob(this.model.get("beforehand")), (letter) => letter.charCodeAt(0));
      const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
      this.unpacked = new Response(stream).json();
    }
    return this.unpacked;
  }

  /** A control has moved: show what was made for these settings, or for the nearest that have this one as it is. */
  async moved(number) {
    if (this.isFilling) return;
    const { settings, scenes } = await this.scenes();
    this.resting ||= new Set(settings.flatMap(([states]) => states.flatMap((state, at) => (state === null ? [at] : []))));
    const now = this.leaves.map((leaf, at) => leaf.get(this.traits[at]));
    let [best, nearest] = [null, -1];
    for (const setting of settings) {
      const [states] = setting;
      if (states[number] !== now[number]) continue;
      const differs = states.findIndex((state, at) => state !== null && state !== now[at]);
      const agrees = differs < 0 ? Infinity : differs;
      if (agrees > nearest) [best, nearest] = [setting, agrees];
    }
    if (!best) return;
    const [states, scene, text, message] = best;
    this.fill(states);
    for (const [name, value] of Object.entries({ scene: scene === null ? "" : scenes[scene], text, message })) {
      this.model.set(name, value);
    }
  }

  /** Let the controls say what is shown; one that says nothing about it rests. */
  fill(states) {
    this.isFilling = true;
    this.leaves.forEach((leaf, at) => {
      if (states[at] !== null) leaf.set(this.traits[at], states[at]);
      if (this.resting.has(at)) leaf.set("disabled", states[at] === null);
    });
    this.isFilling = false;
  }
}
