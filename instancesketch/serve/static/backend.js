// The backend of the page as static files: a worker runs the models, and no server is asked.

const here = (name) => new URL(name, import.meta.url);

async function load(name) {
  const response = await fetch(here(name));
  if (!response.ok) throw new Error(`${name} is missing: copy the whole exported folder to the web host`);
  return response.json();
}

/** Keep the files in the browser, so that the page opens without a network the next time. */
async function keepForOffline() {
  // Browsers allow it at https and on this machine alone; elsewhere the page works online.
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register(here("offline.js")).catch(() => {});
}

/** A worker that labels, so that drawing goes on meanwhile. */
class Remote {
  constructor(onProgress) {
    this.waiting = new Map();
    this.next = 0;
    this.worker = new Worker(here("model/worker.js"), { type: "module" });
    this.ready = new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => {
        if (data.progress) onProgress(data.progress);
        else if (data.ready) resolve();
        else if (data.id === undefined) reject(new Error(data.error));
        else this.settle(data);
      };
      // Its own code didn't load.
      this.worker.onerror = (event) => reject(new Error(event.message || "model/worker.js can't be loaded"));
    });
  }

  settle({ id, answer, error }) {
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) resolve(answer);
    else reject(new Error(error));
  }

  label(strokes, options) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, strokes, options });
    });
  }
}

/** Take the drawings to show in turn, of a category or of any. */
class Examples {
  constructor(drawings) {
    this.drawings = drawings;
    this.next = 0;
  }

  take(category) {
    const names = Object.keys(this.drawings);
    const name = category ?? names[this.next % names.length];
    const those = this.drawings[name];
    if (!those) throw new Error(`there is no drawing of "${name}" to show`);
    // Of any category, one round of them after the other.
    const round = category ? this.next : Math.floor(this.next / names.length);
    this.next += 1;
    return those[round % those.length];
  }
}

/** Return the backend, once the model is there. */
export async function createBackend({ onProgress = () => {} } = {}) {
  const remote = new Remote(onProgress);
  const [{ model }, drawings] = await Promise.all([
    load("model.json"),
    load("examples.json"),
    remote.ready,
  ]);
  // After the model, which it would share the network with.
  keepForOffline();
  const examples = new Examples(drawings);
  return {
    title: model.title,
    model,
    label: (strokes, { category = null, categories = null } = {}) =>
      remote.label(strokes, { category, categories }),
    example: async (category = null) => examples.take(category),
  };
}
