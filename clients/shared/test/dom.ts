import { Window } from "happy-dom";

/** A page for React. fetch, timers and WebSockets are still Node's. */
const page = new Window({ url: "http://127.0.0.1/" });
Object.assign(globalThis, { window: page, document: page.document, navigator: page.navigator });
