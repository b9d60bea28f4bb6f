// A small disk that a test may fill. Mounting needs root.
//
//   const disk = mountDisk(t, 24);    megabytes
//   fill(disk);                       …until `rm filler`
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterwards, temporaryDirectory } from './node.mjs';

/** A file system of its own, gone after the test. */
export function mountDisk(t, megabytes) {
  const place = join(temporaryDirectory(t), 'disk');
  mkdirSync(place);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', place], { stdio: 'pipe' });
  } catch (why) {
    throw new Error(`THIS TEST CANNOT MOUNT a tmpfs and has tested nothing; run it as root where mounting is allowed: ${why.stderr ?? why}`);
  }
  afterwards(t, () => execFileSync('umount', ['--lazy', place]));
  return place;
}

/** Writes a file until the disk has no byte left. */
export function fill(place) {
  const file = openSync(join(place, 'filler'), 'w');
  try {
    for (let chunk = Buffer.alloc(65_536); chunk.length > 0;) {
      try {
        writeSync(file, chunk);
      } catch (why) {
        if (why.code !== 'ENOSPC') throw why;
        chunk = chunk.subarray(0, chunk.length >> 1);
      }
    }
  } finally {
    closeSync(file);
  }
}
