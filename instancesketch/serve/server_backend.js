// The backend of the page that asks the server it came from.

const UNREACHABLE = "the server doesn't answer: start `instancesketch draw` again";

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`./api/${path}`, options);
  } catch {
    throw new Error(UNREACHABLE);
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new Error(`the server answered ${response.status} without a reason`);
  }
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

const send = (path, value) =>
  ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  });

/** Return the backend; the package's `serve` describes its members. */
export async function createBackend() {
  const model = await ask("model");
  const backend = {
    title: model.title,
    model,
    label: (strokes, { category = null, categories = null } = {}) =>
      send("label", { strokes, category, categories }),
    example: (category) =>
      ask(category ? `example?category=${encodeURIComponent(category)}` : "example"),
    open: (file) =>
      ask(`open?name=${encodeURIComponent(file.name)}`, {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: file,
      }),
  };
  if (model.scenes) {
    backend.labelScene = (strokes, { categories = null, objects = null } = {}) =>
      send("scene", { strokes, categories, ...objects });
  }
  if (model.corpus !== null) backend.addToCorpus = (drawing) => send("corpus", drawing);
  return backend;
}
