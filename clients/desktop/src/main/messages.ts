import type { KeptSession } from "@clockwork/ui";
import type { Point } from "electron";
import { MAX_RECENT, type RecentIssue, type Report, type RunningIssue } from "../bridge";

// These parsers check everything that comes over IPC or from a file. Each returns a
// new value with the known fields only, or null if the value is refused.

const MAX_KEY = 64;
const MAX_TEXT = 500;
const MAX_TOKEN = 8192;
const CONNECTIONS = ["live", "connecting", "stale", "offline", "expired"] as const;

/** Reads a report for the tray. */
export function parseReport(value: unknown): Report | null {
  if (!isRecord(value) || typeof value.signedIn !== "boolean") return null;
  const connection = CONNECTIONS.find((known) => known === value.connection);
  const current = value.current === null ? null : parseRunning(value.current);
  const recent = parseRecent(value.recent);
  if (connection === undefined || current === undefined || recent === null) return null;
  return { signedIn: value.signedIn, connection, current, recent };
}

// Returns undefined if the value is refused, because null means that nothing runs.
function parseRunning(value: unknown): RunningIssue | null | undefined {
  if (!isRecord(value)) return undefined;
  const { issueKey, summary, startedAt, countedSeconds, countedAt, onHold } = value;
  if (issueKey !== null && !isText(issueKey, MAX_KEY)) return undefined;
  if (summary !== null && !isText(summary, MAX_TEXT)) return undefined;
  if (!isTime(startedAt) || !isTime(countedAt) || typeof onHold !== "boolean") return undefined;
  if (typeof countedSeconds !== "number" || !Number.isFinite(countedSeconds)) return undefined;
  return { issueKey, summary, startedAt, countedSeconds, countedAt, onHold };
}

function parseRecent(value: unknown): RecentIssue[] | null {
  if (!Array.isArray(value) || value.length > MAX_RECENT) return null;
  const recent: RecentIssue[] = [];
  for (const item of value as unknown[]) {
    if (!isRecord(item) || !isText(item.issueKey, MAX_KEY)) return null;
    if (item.summary !== null && !isText(item.summary, MAX_TEXT)) return null;
    recent.push({ issueKey: item.issueKey, summary: item.summary });
  }
  return recent;
}

/** Parses a session from the page. */
export function parseSession(value: unknown): KeptSession | null {
  if (!isRecord(value)) return null;
  const { userId, refreshToken, clockworkToken } = value;
  if (!isText(userId, MAX_TEXT) || !isText(refreshToken, MAX_TOKEN)) return null;
  if (clockworkToken === undefined) return { userId, refreshToken };
  return isText(clockworkToken, MAX_TOKEN) ? { userId, refreshToken, clockworkToken } : null;
}

/** Reads what SessionStore wrote. */
export function parseKeptSession(text: string): { serverUrl: string; session: KeptSession } | null {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || !isText(value.serverUrl, MAX_TEXT)) return null;
  const session = parseSession(value.session);
  return session === null ? null : { serverUrl: value.serverUrl, session };
}

/** Parses an address that a person typed. parseServerAddress checks it. */
export function parseAddress(value: unknown): string | null {
  return typeof value === "string" && value.length <= MAX_TEXT ? value : null;
}

export function parseSwitch(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

/** Whether the value is an object with fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the value is a place on a screen. */
export function isPoint(value: unknown): value is Point {
  return isRecord(value) && Number.isSafeInteger(value.x) && Number.isSafeInteger(value.y);
}

function isText(value: unknown, length: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= length;
}

// Milliseconds that a Date can hold.
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}
