import { join } from "node:path";
import { Menu, Tray, nativeImage, type NativeImage, type Rectangle } from "electron";
import type { Report } from "../bridge";
import { trayMenu, type MenuActions } from "./menu";
import { trayFace, untilNextFace, type TrayIcon } from "./tray-title";

/** The part of the program that the tray uses. */
export interface TrayHost {
  platform: NodeJS.Platform;
  /** The folder of the icons. */
  icons: string;
  now(): number;
  launchAtLogin(): boolean | null;
  toggleWindow(): void;
  actions: MenuActions;
}

/** What the tray shows while no page has reported. */
export const NO_REPORT: Report = { signedIn: false, connection: "connecting", current: null, recent: [] };

/** The icon in the menu bar or the system's tray, with the running time and a menu. */
export class AppTray {
  private readonly host: TrayHost;
  private readonly tray: Tray;
  private readonly images: Record<TrayIcon, NativeImage>;
  private report: Report = NO_REPORT;
  private icon: TrayIcon = "idle";
  private tick: NodeJS.Timeout | undefined;
  /** The date on which the menu was made. */
  private menuDay = "";

  constructor(host: TrayHost) {
    this.host = host;
    this.images = { idle: this.image("idle"), running: this.image("running"), offline: this.image("offline") };
    this.tray = new Tray(this.images.idle);
    if (host.platform === "darwin") this.tray.setIgnoreDoubleClickEvents(true);
    this.tray.on("click", () => host.toggleWindow());
    if (host.platform !== "linux") this.tray.on("right-click", () => this.tray.popUpContextMenu(this.menu()));
    this.show(NO_REPORT);
  }

  show(report: Report): void {
    this.report = report;
    this.refreshMenu();
    this.draw();
  }

  /**
   * Sets the menu beforehand, because Linux shows only such a menu and may report no click. The menu says on which
   * day the timer began.
   */
  refreshMenu(): void {
    if (this.host.platform === "linux") this.tray.setContextMenu(this.menu());
  }

  /** Null if the system does not say. */
  bounds(): Rectangle | null {
    return this.host.platform === "linux" ? null : this.tray.getBounds();
  }

  destroy(): void {
    clearTimeout(this.tick);
    this.tray.destroy();
  }

  // Draws the tray now, and again at the timer's next second.
  private draw(): void {
    clearTimeout(this.tick);
    const now = this.host.now();
    const face = trayFace(this.report, now);
    if (face.icon !== this.icon) this.tray.setImage(this.images[face.icon]);
    this.icon = face.icon;
    this.tray.setToolTip(face.tooltip);
    if (this.host.platform === "darwin") this.tray.setTitle(face.title, { fontType: "monospacedDigit" });
    const wait = untilNextFace(this.report, now);
    if (new Date(now).toDateString() !== this.menuDay) this.refreshMenu();
    if (wait !== null) this.tick = setTimeout(() => this.draw(), wait);
  }

  private menu(): Menu {
    this.menuDay = new Date(this.host.now()).toDateString();
    return Menu.buildFromTemplate(trayMenu(this.report, this.host.now(), this.host.launchAtLogin(), this.host.actions));
  }

  // macOS draws a template image in the colour of its menu bar.
  private image(icon: TrayIcon): NativeImage {
    const name = this.host.platform === "darwin" ? `${icon}Template.png` : `${icon}.png`;
    return nativeImage.createFromPath(join(this.host.icons, name));
  }
}
