import { contextBridge, ipcRenderer, type IpcRendererEvent } from "electron";
import { CHANNEL, type Bridge, type Command } from "./bridge";

// The page gets these functions but not ipcRenderer itself, so it can use no other
// channel and sees no event object.
const bridge: Bridge = {
  load: () => ipcRenderer.invoke(CHANNEL.load),
  setServer: (address) => ipcRenderer.invoke(CHANNEL.setServer, address),
  launchesAtLogin: () => ipcRenderer.invoke(CHANNEL.launchesAtLogin),
  setLaunchAtLogin: (on) => ipcRenderer.invoke(CHANNEL.setLaunchAtLogin, on),
  signIn: () => ipcRenderer.invoke(CHANNEL.signIn),
  cancelSignIn: () => ipcRenderer.send(CHANNEL.cancelSignIn),
  keepSession: (session) => ipcRenderer.invoke(CHANNEL.keepSession, session),
  forgetSession: () => ipcRenderer.invoke(CHANNEL.forgetSession),
  report: (report) => ipcRenderer.send(CHANNEL.report, report),
  show: () => ipcRenderer.send(CHANNEL.show),
  hide: () => ipcRenderer.send(CHANNEL.hide),
  onCommand(listener) {
    const relay = (_: IpcRendererEvent, command: Command) => listener(command);
    ipcRenderer.on(CHANNEL.command, relay);
    return () => {
      ipcRenderer.removeListener(CHANNEL.command, relay); // it answers ipcRenderer, which must not get out
    };
  },
};

contextBridge.exposeInMainWorld("clockwork", bridge);
