// The worker of the page as static files: loads runtime and model, then labels drawings in turn.

import { Labeller } from "./labeller.js";
import * as ort from "../runtime/ort.js";

const MEGABYTE = 1e6;
const here = (name) => new URL(`../${name}`, import.meta.url);

/** Return the bytes of files, and report how much has come. */
async function download(files) {
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let come = 0;
  async function one({ name }) {
    const response = await fetch(here(name));
    if (!response.ok) throw new Error(`${name} is missing: copy the whole exported folder to the web host`);
    const parts = [];
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      come += value.length;
      const [part, whole] = [come, all].map((bytes) => Math.round(bytes / MEGABYTE));
      postMessage({ progress: `loading the model, ${part} of ${whole} MB` });
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }
  return Promise.all(files.map(one));
}

async function start() {
  const response = await fetch(here("model.json"));
  const { labelling } = await response.json();
  const [wasm, model] = await download([labelling.runtime, labelling.model]);
  ort.env.wasm.wasmBinary = wasm;
  // More threads need headers that few web hosts send.
  ort.env.wasm.numThreads = 1;
  postMessage({ progress: "starting the model" });
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
    logSeverityLevel: 3, // it warns of what it can't make faster
  });
  return new Labeller(ort, session, labelling);
}

const message = (error) => String(error?.message ?? error).split("\n")[0];
const starting = start();
starting.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ error: `the model can't be started: ${message(error)}` }),
);

// One after the other, since the runtime takes one drawing at a time.
let last = starting;
onmessage = ({ data: { id, strokes, options } }) => {
  last = last
    .catch(() => {})
    .then(async () => (await starting).label(strokes, options))
    .then(
      (answer) => postMessage({ id, answer }),
      (error) => postMessage({ id, error: message(error) }),
    );
};
