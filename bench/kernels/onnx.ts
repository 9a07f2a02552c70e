/**
 * Models of one node for ONNX Runtime: the few messages of onnx.proto3 that they take, in protobuf's wire format. The
 * number before each value is its field's.
 *
 * @module
 */
/** A field of a message: its number, and a number, a text or bytes, which a message within is, too. */
type Field = readonly [number, number | string | Uint8Array];

/** A tensor by name, in f32. */
export interface Named {
  name: string;
  shape: readonly number[];
}

/** One operator. */
export interface Node {
  op: string;
  /** The set of operators that it is of. Absent: ONNX's own. */
  domain?: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Record<string, number | readonly number[]>;
}

/** A model's file, weights inside. */
export function onnxModel(
  nodes: readonly Node[],
  inputs: readonly Named[],
  outputs: readonly Named[],
  weights: readonly (Named & { values: Float32Array })[] = [],
): Uint8Array {
  const graph = message(
    ...nodes.map((node) => [1, nodeProto(node)] as const),
    [2, "graph"],
    ...weights.map(({ name, shape, values }) => {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return [5, message(...shape.map((n) => [1, n] as const), [2, FLOAT], [8, name], [9, bytes])] as const;
    }),
    ...inputs.map((tensor) => [11, valueInfo(tensor)] as const),
    ...outputs.map((tensor) => [12, valueInfo(tensor)] as const),
  );
  const operators = [["", 17], [CONTRIBUTED, 1]] as const;
  const sets = operators.map(([domain, version]) => [8, message([1, domain], [2, version])] as const);
  return message([1, 9], [7, graph], ...sets);
}

/** ONNX Runtime's own operators. */
export const CONTRIBUTED = "com.microsoft";

/** Of TensorProto.DataType, and of AttributeProto.AttributeType. */
const [FLOAT, INT, INTS] = [1, 2, 7];

function nodeProto({ op, domain = "", inputs, outputs, attributes = {} }: Node): Uint8Array {
  return message(
    ...inputs.map((name) => [1, name] as const),
    ...outputs.map((name) => [2, name] as const),
    [4, op],
    ...Object.entries(attributes).map(([name, value]) => {
      const fields: Field[] = typeof value === "number" ? [[3, value], [20, INT]] : [...repeated(value), [20, INTS]];
      return [5, message([1, name], ...fields)] as const;
    }),
    [7, domain],
  );
}

function repeated(values: readonly number[]): Field[] {
  return values.map((value) => [8, value] as const);
}

function valueInfo({ name, shape }: Named): Uint8Array {
  const dimensions = shape.map((n) => [1, message([1, n])] as const);
  return message([1, name], [2, message([1, message([1, FLOAT], [2, message(...dimensions)])])]);
}

function message(...fields: Field[]): Uint8Array {
  const pieces = fields.flatMap(([number, value]) => {
    if (typeof value === "number") return [varint(number << 3), varint(value)];
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    return [varint(number << 3 | 2), varint(bytes.length), bytes];
  });
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 | 128);
  return Uint8Array.of(...bytes, value);
}
