import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page. It is served from app://clockwork in Electron and from anywhere in a test.
export default defineConfig({
  root: "src/renderer",
  base: "./",
  plugins: [react()],
  // The port of desktop clients under development: the server answers this origin.
  server: { port: 1420, strictPort: true },
  build: {
    outDir: "../../dist/renderer",
    emptyOutDir: true,
    target: "chrome140",
    // The policy of the page takes scripts and styles from files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
