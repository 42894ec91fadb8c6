// Reads what packet.py packs: a JSON head and binary arrays in one message.
const TYPES = { u1: Uint8Array, u2: Uint16Array, i2: Int16Array, u4: Uint32Array, f4: Float32Array };
const MISSING = -32768;

async function unpack(message) {
  const start = 4 + new DataView(message.buffer, message.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(message.subarray(4, start)));
  const packed = message.slice(start); // a copy, so that every array is aligned
  const body = head.deflated ? await inflated(packed) : packed.buffer;
  for (const [name, [kind, offset, count]] of Object.entries(head.arrays))
    head.arrays[name] = new TYPES[kind](body, offset, count);
  return head;
}

// A message that the server keeps as a file.
async function fetched(address) {
  const answer = await fetch(new URL(address, location.href).href);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return unpack(new Uint8Array(await answer.arrayBuffer()));
}

function inflated(packed) {
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(plain).arrayBuffer();
}

// A number of a site as it was sent; NaN where there is none.
function numberAt(values, scale, row) {
  const value = values[row];
  return values instanceof Int16Array && value === MISSING ? NaN : value / scale;
}

const bitAt = (bits, row) => (bits[row >> 3] >> (row & 7)) & 1;
