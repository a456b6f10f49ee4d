import { defineConfig } from 'vite';

/* Two static pages; nginx serves what is in dist. No address of any other host may be in it. */
export default defineConfig({
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rollupOptions: { input: { index: 'index.html', watch: 'watch.html' } },
  },
});
