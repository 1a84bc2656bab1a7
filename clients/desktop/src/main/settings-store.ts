import type { Point } from "electron";
import { isPoint, isRecord } from "./messages";
import { Queue } from "./queue";
import { parseServerAddress } from "./server-address";

/** The settings that are stored. None of them is secret. */
export interface Settings {
  serverUrl: string;
  /** The place to which the person moved the window; null while it follows the tray. */
  windowPosition: Point | null;
}

/** The file of the settings. */
export interface SettingsFile {
  read(): Promise<Buffer | null>;
  write(data: string): Promise<void>;
}

/** The settings, in memory and in a file that is written after each change. */
export class SettingsStore {
  private readonly queue = new Queue();
  private readonly file: SettingsFile;
  private settings: Settings;

  private constructor(file: SettingsFile, settings: Settings) {
    this.file = file;
    this.settings = settings;
  }

  /** Reads the file. Missing or damaged settings get their defaults. */
  static async open(file: SettingsFile, defaults: Settings): Promise<SettingsStore> {
    return new SettingsStore(file, parse(await file.read(), defaults));
  }

  get(): Settings {
    return this.settings;
  }

  async set(change: Partial<Settings>): Promise<void> {
    this.settings = { ...this.settings, ...change };
    await this.queue.run(() => this.file.write(JSON.stringify(this.settings, null, 2)));
  }
}

function parse(data: Buffer | null, defaults: Settings): Settings {
  const saved = data === null ? null : parseJSON(data.toString("utf8"));
  if (!isRecord(saved)) return defaults;
  const address = typeof saved.serverUrl === "string" ? parseServerAddress(saved.serverUrl) : null;
  return {
    serverUrl: address?.ok ? address.serverUrl : defaults.serverUrl,
    windowPosition: isPoint(saved.windowPosition) ? saved.windowPosition : defaults.windowPosition,
  };
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
