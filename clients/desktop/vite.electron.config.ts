import { defineConfig } from "vite";

const entries: Record<string, string> = {
  main: "src/main/main.ts",
  preload: "src/preload.ts",
};

// What runs in Electron, one file each: `--mode main` or `--mode preload`. Both
// are CommonJS: a sandboxed preload script must be, and a main script that is
// has run to its end before Electron is ready.
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
