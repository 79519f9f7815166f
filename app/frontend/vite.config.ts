import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { precompress } from "./plugins/precompress.ts";

// `npm run dev` against any running backend: API=https://localhost:8443 npm run dev
const backend = process.env["API"] ?? "http://127.0.0.1:5000";

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsDir: "assets",
    // The Content-Security-Policy is `default-src 'self'`: nothing inline, no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    // The colours are light-dark(): older browsers than these would need each of them twice.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The about page shows it.
    license: { fileName: "licences.json" },
    chunkSizeWarningLimit: 300,
  },
  server: {
    proxy: { "/api": { target: backend, changeOrigin: true, secure: false } },
  },
  test: {
    environment: "node",
    include: ["tests/**/*.test.ts"],
  },
});
