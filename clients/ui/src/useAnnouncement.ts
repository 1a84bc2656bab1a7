import { counted, type RunningTimer, type TimerState } from "@clockwork/shared";
import { useEffect, useRef, useState } from "react";

import { connectionSentence } from "./ConnectionStatus";
import { spoken } from "./duration";
import { nameOf } from "./RunningTimer";

interface Seen {
  /** The running ones by id; undefined until they are known. */
  readonly running: ReadonlyMap<string, RunningTimer> | undefined;
  readonly kind: TimerState["status"]["kind"];
  readonly stale: boolean;
}

/** Sentences about what changed between two states. */
export function changes(before: Seen, state: TimerState, now: number): string[] {
  const said = before.running ? timerChanges(before.running, state, now) : [];
  const { kind } = state.status;
  if ((kind !== before.kind || state.stale !== before.stale) && kind !== "connecting") said.push(`${connectionSentence(state.status, state.stale)}.`);
  return said;
}

function timerChanges(ran: NonNullable<Seen["running"]>, state: TimerState, now: number): string[] {
  const said: string[] = [];
  for (const timer of state.timers) {
    if (timer.pending || timer.status !== "running" || ran.has(timer.id)) continue;
    said.push(`Started ${nameOf(timer)}${timer.summary ? `, ${timer.summary}` : ""}.`);
  }
  for (const [id, knew] of ran) {
    const timer = state.timers.find((t) => t.id === id);
    if (timer?.status === "running" || timer?.pending) continue;
    said.push(`Stopped ${nameOf(knew)} after ${spoken(counted(timer ?? knew, now + state.clockOffset) / 1000)}.`);
  }
  return said;
}

/** The announced part of a state. What is not confirmed yet stays as it was. */
export function seen(state: TimerState, before: Seen | undefined): Seen {
  const { stale, status: { kind } } = state;
  if (!state.loaded) return { running: before?.running, kind, stale };
  const running = new Map<string, RunningTimer>();
  for (const timer of state.timers) {
    const knew = before?.running?.get(timer.id);
    if (timer.pending && knew) running.set(timer.id, knew);
    else if (!timer.pending && timer.status === "running") running.set(timer.id, timer);
  }
  return { running, kind, stale };
}

/** A sentence for screen readers whenever a timer starts or stops or the connection changes; never for each second. */
export function useAnnouncement(state: TimerState): string {
  const before = useRef<Seen>(undefined);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (before.current) {
      const news = changes(before.current, state, Date.now());
      if (news.length > 0) setSaid(news.join(" "));
    }
    before.current = seen(state, before.current);
  }, [state]);
  return said;
}
