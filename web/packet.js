// packet.js — one binary message of auralis-v2: 24 bytes of header, then interleaved stereo samples.
//
// The page reads the header (to know which frame comes next), the worklet reads the samples; the bytes in between are
// handed over, not copied.

export const HEADER_BYTES = 24;

const INT16 = 0, FLOAT32 = 1;

// {format, discontinuity, anew, faded, rate, frames, sequence, frame}, or null if this is not such a message. Frames are numbers: they
// are exact up to 2^53, which is six thousand years of music.
export function readHeader(buffer) {
  if (buffer.byteLength < HEADER_BYTES) return null;
  const view = new DataView(buffer);
  const format = view.getUint8(1), frames = view.getUint32(8, true);
  const bytes = format === FLOAT32 ? 4 : 2;
  if (view.getUint8(0) !== 2 || view.getUint8(2) !== 2 || format > FLOAT32) return null;
  if (buffer.byteLength !== HEADER_BYTES + frames * 2 * bytes) return null;
  return {
    format,
    discontinuity: (view.getUint8(3) & 1) !== 0,
    anew: (view.getUint8(3) & 2) !== 0, // rendered anew from here: what was sent of it before is void
    faded: (view.getUint8(3) & 4) !== 0, // frames were skipped, and it goes over from what would have come next
    rate: view.getUint32(4, true),
    frames,
    sequence: view.getUint32(12, true),
    frame: Number(view.getBigUint64(16, true)),
  };
}

// The interleaved samples as floats. Every machine with a browser is little-endian, as the message is.
export function readSamples(buffer, format) {
  if (format === FLOAT32) return new Float32Array(buffer, HEADER_BYTES);
  const whole = new Int16Array(buffer, HEADER_BYTES);
  return format === INT16 ? Float32Array.from(whole, (sample) => sample / 32768) : null;
}
