/** How the page is built: exactly one app.js and one app.css, named so that Django finds them without a manifest. */

import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    license: { fileName: "licenses.md" }, // their authors ask that their notices come along
    cssCodeSplit: false,
    modulePreload: false,
    sourcemap: false,
    rolldownOptions: {
      input: "src/main.tsx",
      output: {
        format: "iife",
        codeSplitting: false,
        entryFileNames: "app.js",
        assetFileNames: "app.[ext]",
      },
    },
  },
});
