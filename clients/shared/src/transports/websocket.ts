import type { Transport, TransportEvents } from "./transport";

/** As much of WebSocket as is used. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocket;

/** Browsers cannot set Authorization on a WebSocket: the token is the second subprotocol. */
export function openWebSocket(Socket: WebSocketConstructor, url: URL, token: string, on: TransportEvents): Transport {
  url.protocol = url.protocol.replace("http", "ws");
  const ws = new Socket(url.href, ["bearer", token]);
  let opened = false;
  ws.onopen = () => (opened = true);
  ws.onerror = () => {}; // close follows
  ws.onmessage = (e: MessageEvent<unknown>) => {
    on.heard();
    if (typeof e.data === "string") on.message(e.data);
  };
  ws.onclose = (e: CloseEvent) => on.end(opened ? { code: e.code } : {});
  return {
    socket: ws,
    close() {
      ws.onopen = ws.onmessage = ws.onclose = null;
      ws.close();
    },
    send(text) {
      if (ws.readyState !== 1) return false;
      ws.send(text);
      return true;
    },
  };
}
