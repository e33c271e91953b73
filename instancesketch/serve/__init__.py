"""The page to draw on, and the server that labels what is drawn.

`page/` is the page: HTML, CSS and ES modules without a build step. It knows nothing of where labels
come from: it calls `createBackend` of a module `backend.js`, which has the methods `label`,
`example` and, where there is such a thing, `labelScene`, `open` and `addToCorpus`. Two modules
have that form: `server_backend.js` asks the server of this folder (`app`), and the one that
`static_export` writes computes in the browser. `model_table` describes a model to the page, once;
`labelling` makes the answers, whose form both backends share.

Nothing here imports Ray.
"""
