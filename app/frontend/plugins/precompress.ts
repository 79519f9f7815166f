import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSIBLE = /\.(?:css|html|js|json|svg|txt)$/;
/** Below this a packet holds it anyway. */
const SMALLEST = 1024;

/** Writes a .gz and a .br beside whatever gets smaller by it, at the best level: Nginx sends them as they are. */
export function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const names = await readdir(folder, { recursive: true });
      await Promise.all(names.filter((name) => COMPRESSIBLE.test(name)).map((name) => compressFile(join(folder, name))));
    },
  };
}

async function compressFile(path: string): Promise<void> {
  const content = await readFile(path);
  if (content.length < SMALLEST) return;
  const made = [
    [".gz", await promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION })],
    [".br", await promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } })],
  ] as const;
  for (const [ending, bytes] of made) {
    if (bytes.length < content.length) await writeFile(path + ending, bytes);
  }
}
