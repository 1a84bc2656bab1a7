import { defineConfig } from "vite";

const entries: Record<string, string> = {
  main: "src/main/main.ts",
  preload: "src/preload.ts",
};

// Builds the files that run in Electron: `--mode main` or `--mode preload`. Both are
// CommonJS. A sandboxed preload script must be, and a CommonJS main script runs
// completely before Electron is ready.
export default defineConfig(({ mode }) => ({
  build: {
    ssr: entries[mode] ?? false,
    outDir: `dist/${mode}`,
    emptyOutDir: true,
    target: "node22",
    minify: false,
    rollupOptions: {
      external: ["electron"],
      output: { format: "cjs", entryFileNames: "[name].cjs", inlineDynamicImports: true },
    },
  },
  ssr: { noExternal: true },
}));
