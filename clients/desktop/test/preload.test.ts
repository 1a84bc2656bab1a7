import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";
import { CHANNEL, type Bridge } from "../src/bridge";

async function exposed() {
  const ipcRenderer = Object.assign(new EventEmitter(), { invoke: vi.fn(async () => "answer"), send: vi.fn() });
  const exposeInMainWorld = vi.fn();
  vi.resetModules();
  vi.doMock("electron", () => ({ contextBridge: { exposeInMainWorld }, ipcRenderer }));
  await import("../src/preload");
  const [name, bridge] = exposeInMainWorld.mock.lastCall as [string, Bridge];
  return { name, bridge, ipcRenderer };
}

it("puts the bridge where the page looks for it", async () => {
  const { name, bridge, ipcRenderer } = await exposed();
  expect(name).toBe("clockwork");
  expect(await bridge.setServer("https://timers.example.com")).toBe("answer");
  bridge.hide();
  expect(ipcRenderer.invoke.mock.calls).toEqual([[CHANNEL.setServer, "https://timers.example.com"]]);
  expect(ipcRenderer.send.mock.calls).toEqual([[CHANNEL.hide]]);
});

it("exposes a function for each message of the contract, and nothing else", async () => {
  const { bridge } = await exposed();
  const { command: _, ...toMain } = CHANNEL;
  expect(Object.keys(bridge).sort()).toEqual([...Object.keys(toMain), "onCommand"].sort());
  expect(Object.values(bridge).every((value) => typeof value === "function")).toBe(true);
});

it("passes commands without the event, until the listener is removed", async () => {
  const { bridge, ipcRenderer } = await exposed();
  const listener = vi.fn();
  const stop = bridge.onCommand(listener);
  ipcRenderer.emit(CHANNEL.command, { sender: ipcRenderer }, { kind: "stop" });
  expect(listener.mock.calls).toEqual([[{ kind: "stop" }]]);
  expect(stop()).toBeUndefined();
  ipcRenderer.emit(CHANNEL.command, { sender: ipcRenderer }, { kind: "stop" });
  expect(listener).toHaveBeenCalledOnce();
});
