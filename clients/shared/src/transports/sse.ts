import { endOf, type End } from "../backoff";
import { refusal, type Http } from "../http";
import type { Transport, TransportEvents } from "./transport";

export interface StreamRequest {
  /** Of what the events are; the person's own timers by default. */
  readonly scope?: "team";
  /** The seq of the last event. */
  readonly since?: number | undefined;
}

/** Reads the event stream by fetch, because EventSource cannot send the token. */
export function openStream(http: Http, token: string, { scope, since }: StreamRequest, connectTimeout: number, on: TransportEvents): Transport {
  const abort = new AbortController();
  let closed = false;
  const read = async (): Promise<End> => {
    const { response, endDeadline, release } = await http.open({
      path: "/api/timers/stream",
      query: { scope },
      token,
      deadline: connectTimeout,
      signal: abort.signal,
      headers: { Accept: "text/event-stream", "Last-Event-ID": since?.toString() },
    });
    try {
      const type = response.headers.get("Content-Type") ?? "";
      if (!response.ok) return endOf(refusal(response, ""));
      if (!response.body || !type.startsWith("text/event-stream")) return { status: 404 }; // a page, say
      endDeadline();
      return { code: await readEvents(response.body, on) };
    } finally {
      abort.abort(); // an unread body keeps the connection open
      release();
    }
  };
  void read()
    .catch(endOf)
    .then((end) => {
      if (!closed) on.end(end);
    });
  return {
    close() {
      closed = true;
      abort.abort();
    },
  };
}

/** Reads until the end of the stream and gives the close code: 1006 if it has none. */
async function readEvents(body: ReadableStream<Uint8Array>, on: TransportEvents): Promise<number> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parse = eventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 1006;
      on.heard();
      for (const { event, data } of parse(decoder.decode(value, { stream: true }))) {
        if (event === "close") return Number.parseInt(data, 10) || 1006;
        on.message(data);
      }
    }
  } catch {
    return 1006; // it broke
  }
}

export interface StreamEvent {
  event: string;
  data: string;
}

/** Parses Server-Sent Events from pieces of text. Comments are dropped. */
export function eventParser(): (piece: string) => StreamEvent[] {
  let rest = "";
  let event = "";
  let data: string[] = [];
  return (piece) => {
    const events: StreamEvent[] = [];
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (line === "") {
        if (data.length > 0) events.push({ event, data: data.join("\n") });
        event = "";
        data = [];
      } else if (name === "data") data.push(value ?? "");
      else if (name === "event") event = value ?? "";
    }
    return events;
  };
}
