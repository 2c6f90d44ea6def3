import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The build is committed and embedded in the Go program, so it must come out the same on every machine: no dates, no
// paths, hashes of the content alone.
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 800,
    modulePreload: { polyfill: false }, // it would be an inline script, which the page's policy forbids
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page needs comes first: a group takes along what its modules use.
          groups: [
            { name: 'chart', test: /node_modules[\\/]uplot/, priority: 3 },
            { name: 'core', test: /node_modules[\\/](?!(@tabler|@xyflow|@dagrejs|d3-|zustand|classcat|@codemirror|@uiw|@lezer|@marijn|codemirror|style-mod|w3c-keyname|crelt|yaml)[\\/-]?)/, priority: 2 },
            { name: 'flow', test: /node_modules[\\/](@xyflow|@dagrejs|d3-|zustand|classcat)/, priority: 1 },
            { name: 'code', test: /node_modules[\\/](?!@tabler)/, priority: 0 },
          ],
        },
      },
    },
  },
  server: {
    proxy: { '/api': 'http://127.0.0.1:8420' },
  },
});
