/**
 * Reads the metadata of an ONNX file, which onnxruntime's JavaScript API does not show.
 *
 * An ONNX file is one protobuf message, ModelProto: a row of fields, each a key (field number and
 * wire type) and a value. metadata_props is field 14: messages with the key in field 1, the value in
 * field 2. All else is stepped over, the weights too, so that nothing is copied.
 */

const METADATA_PROPS = 14;

/** Yields the number of each field and its value: the bytes of a message or a string, or a number. */
export function* readFields(bytes) {
  let at = 0;
  const varint = () => {
    // Sums, not shifts: JavaScript shifts 32 bits, and a field may be longer than 2 ** 31 bytes.
    for (let value = 0, factor = 1; ; factor *= 128) {
      if (at >= bytes.length) throw new Error("this is no ONNX file, or a part of one");
      value += (bytes[at] & 127) * factor;
      if (bytes[at++] < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const type = key % 8;
    if (type === 0) yield [Math.floor(key / 8), varint()];
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const end = varint() + at;
      if (end > bytes.length) throw new Error("this is no ONNX file, or a part of one");
      yield [Math.floor(key / 8), bytes.subarray(at, end)];
      at = end;
    } else throw new Error("this is no ONNX file");
  }
}

/** Returns the metadata of an ONNX file's bytes (a Uint8Array): a Map of strings. */
export function readMetadata(bytes) {
  const decoder = new TextDecoder();
  const metadata = new Map();
  for (const [number, entry] of readFields(bytes)) {
    if (number !== METADATA_PROPS) continue;
    const fields = new Map(readFields(entry));
    metadata.set(decoder.decode(fields.get(1)), decoder.decode(fields.get(2)));
  }
  return metadata;
}
