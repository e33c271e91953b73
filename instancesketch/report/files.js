// Pictures that lie in files beside the page, loaded when a drawing comes into view.

const files = data.files;
drawings.forEach((d, i) => {
  d.index = i;
});
const isLoaded = (d) => d.lines !== undefined;
const loading = new Map(); // number of a file -> promise

/** Take the pictures of a file; it calls this, the page's only global name. */
globalThis.instanceSketchDrawings = (stamp, number, pictures) => {
  if (!files || stamp !== files.stamp) return; // of another page of the same name
  pictures.forEach((picture, i) => Object.assign(drawings[number * files.each + i], picture));
};

function loadFile(number) {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = `${files.folder}/drawings-${number}.js`;
    script.addEventListener("load", resolve);
    script.addEventListener("error", resolve);
    document.head.append(script);
  });
}

/** Load the picture of a drawing; return whether it is there. */
async function load(d) {
  if (isLoaded(d)) return true;
  const number = Math.floor(d.index / files.each);
  if (!loading.has(number)) loading.set(number, loadFile(number));
  await loading.get(number);
  if (!isLoaded(d)) {
    byId("missing").hidden = false;
    loading.delete(number); // it may be there the next time
  }
  return isLoaded(d);
}
