import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'

/*
 * The messages of onnx.proto3, as far as they are read or written here: one table for each, which both directions follow.
 * What a table does not name is skipped when a file is read.
 */

export interface TensorMessage {
  readonly dims?: readonly number[]
  readonly type?: number
  readonly floats?: readonly number[]
  readonly ints?: readonly number[]
  readonly name?: string
  readonly raw?: Uint8Array
  /** 1: the numbers are in another file. */
  readonly location?: number
}

export interface AttributeMessage {
  readonly name?: string
  readonly float?: number
  readonly int?: number
  readonly text?: string
  readonly tensor?: TensorMessage
  readonly floats?: readonly number[]
  readonly ints?: readonly number[]
  readonly type?: number
}

export interface NodeMessage {
  readonly inputs?: readonly string[]
  readonly outputs?: readonly string[]
  readonly name?: string
  readonly kind?: string
  readonly attributes?: readonly AttributeMessage[]
  readonly domain?: string
}

interface DimensionMessage {
  readonly size?: number
  readonly name?: string
}

interface ShapeMessage {
  readonly dimensions?: readonly DimensionMessage[]
}

interface TensorTypeMessage {
  readonly element?: number
  readonly shape?: ShapeMessage
}

/** An input or output. */
export interface ValueMessage {
  readonly name?: string
  readonly type?: { readonly tensor?: TensorTypeMessage }
}

interface GraphMessage {
  readonly nodes?: readonly NodeMessage[]
  readonly name?: string
  readonly constants?: readonly TensorMessage[]
  readonly inputs?: readonly ValueMessage[]
  readonly outputs?: readonly ValueMessage[]
}

interface OpsetMessage {
  readonly domain?: string
  readonly version?: number
}

interface PropertyMessage {
  readonly key?: string
  readonly value?: string
}

export interface ModelMessage {
  readonly irVersion?: number
  readonly producer?: string
  readonly graph?: GraphMessage
  readonly opsets?: readonly OpsetMessage[]
  readonly properties?: readonly PropertyMessage[]
}

type Kind = 'int' | 'ints' | 'float' | 'floats' | 'bytes' | 'text' | 'texts'
type Field = readonly [number: number, kind: Kind] | readonly [number: number, kind: 'one' | 'many', table: Table]
type Table = Readonly<Record<string, Field>>
/** Every field of a message, so that none is forgotten. */
type TableOf<M> = { readonly [F in keyof Required<M>]: Field }

const tensorTable: TableOf<TensorMessage> = {
  dims: [1, 'ints'],
  type: [2, 'int'],
  floats: [4, 'floats'],
  ints: [7, 'ints'],
  name: [8, 'text'],
  raw: [9, 'bytes'],
  location: [14, 'int'],
}

const attributeTable: TableOf<AttributeMessage> = {
  name: [1, 'text'],
  float: [2, 'float'],
  int: [3, 'int'],
  text: [4, 'text'],
  tensor: [5, 'one', tensorTable],
  floats: [7, 'floats'],
  ints: [8, 'ints'],
  type: [20, 'int'],
}

const nodeTable: TableOf<NodeMessage> = {
  inputs: [1, 'texts'],
  outputs: [2, 'texts'],
  name: [3, 'text'],
  kind: [4, 'text'],
  attributes: [5, 'many', attributeTable],
  domain: [7, 'text'],
}

const dimensionTable: TableOf<DimensionMessage> = { size: [1, 'int'], name: [2, 'text'] }
const shapeTable: TableOf<ShapeMessage> = { dimensions: [1, 'many', dimensionTable] }
const tensorTypeTable: TableOf<TensorTypeMessage> = { element: [1, 'int'], shape: [2, 'one', shapeTable] }
const valueTable: TableOf<ValueMessage> = {
  name: [1, 'text'],
  type: [2, 'one', { tensor: [1, 'one', tensorTypeTable] }],
}

const graphTable: TableOf<GraphMessage> = {
  nodes: [1, 'many', nodeTable],
  name: [2, 'text'],
  constants: [5, 'many', tensorTable],
  inputs: [11, 'many', valueTable],
  outputs: [12, 'many', valueTable],
}

const opsetTable: TableOf<OpsetMessage> = { domain: [1, 'text'], version: [2, 'int'] }
const propertyTable: TableOf<PropertyMessage> = { key: [1, 'text'], value: [2, 'text'] }

const modelTable: TableOf<ModelMessage> = {
  irVersion: [1, 'int'],
  producer: [2, 'text'],
  graph: [7, 'one', graphTable],
  opsets: [8, 'many', opsetTable],
  properties: [14, 'many', propertyTable],
}

const valuesTable: Table = {
  graph: [modelTable.graph[0], 'one', { inputs: graphTable.inputs, outputs: graphTable.outputs }],
}

/** The numbers of TensorProto.DataType that are dealt with here. */
export const TYPES = { float32: 1, int8: 3, int32: 6, int64: 7 } as const

/** Reads an ONNX file. Large numbers are not copied: they are views of `file`. @throws for bytes that are none. */
export async function readModel(file: Uint8Array): Promise<ModelMessage> {
  const { BinaryReader } = await import('@bufbuild/protobuf/wire')
  return decode(modelTable, new BinaryReader(file), file.length) as ModelMessage
}

/** A file's inputs and outputs, and of everything else only how long it is. */
export type ValuesMessage = Pick<GraphMessage, 'inputs' | 'outputs'>

/** Reads the inputs and outputs of an ONNX file. @throws for bytes that are none. */
export async function readValues(file: Uint8Array): Promise<ValuesMessage> {
  const { BinaryReader } = await import('@bufbuild/protobuf/wire')
  const { graph = {} } = decode(valuesTable, new BinaryReader(file), file.length) as Pick<ModelMessage, 'graph'>
  return graph
}

/** The bytes of an ONNX file. Equal messages give equal bytes. */
export async function writeModel(model: ModelMessage): Promise<Uint8Array> {
  const { BinaryWriter } = await import('@bufbuild/protobuf/wire')
  return encode(modelTable, model as Message, new BinaryWriter()).finish()
}

/** How a field is written: protobuf's wire types. */
const VARINT = 0
const LENGTH_DELIMITED = 2
const FOUR_BYTES = 5

type Message = Readonly<Record<string, unknown>>

function decode(table: Table, reader: BinaryReader, end: number): Message {
  const byNumber = new Map(Object.entries(table).map(([name, field]) => [field[0], { name, field }]))
  const found: Record<string, unknown> = {}
  while (reader.pos < end) {
    const [number, wire] = reader.tag()
    const known = byNumber.get(number)
    if (known === undefined) {
      reader.skip(wire, number)
      continue
    }
    const { name, field } = known
    const [, kind, inner] = field
    if (inner !== undefined) {
      const message = decode(inner, reader, reader.uint32() + reader.pos)
      found[name] = kind === 'many' ? [...((found[name] ?? []) as unknown[]), message] : message
    } else {
      const value = decodeValue(kind as Kind, wire, reader)
      found[name] = Array.isArray(value) ? [...((found[name] ?? []) as unknown[]), ...(value as unknown[])] : value
    }
  }
  return found
}

/** The value of a field; of one that holds several, those that stand here. */
function decodeValue(kind: Kind, wire: number, reader: BinaryReader): unknown {
  if (kind === 'int') return Number(reader.int64())
  if (kind === 'float') return reader.float()
  if (kind === 'bytes') return reader.bytes()
  if (kind === 'text') return reader.string()
  if (kind === 'texts') return [reader.string()]
  const one = (): number => (kind === 'ints' ? Number(reader.int64()) : reader.float())
  if (wire !== LENGTH_DELIMITED) return [one()]
  const end = reader.uint32() + reader.pos
  const numbers: number[] = []
  while (reader.pos < end) numbers.push(one())
  return numbers
}

function encode(table: Table, message: Message, writer: BinaryWriter): BinaryWriter {
  for (const [name, [number, kind, inner]] of Object.entries(table)) {
    const value = message[name]
    if (value === undefined) continue
    if (inner === undefined) encodeValue([number, kind as Kind], value, writer)
    else {
      for (const one of (kind === 'many' ? value : [value]) as Message[]) {
        encode(inner, one, key(writer, number, LENGTH_DELIMITED).fork()).join()
      }
    }
  }
  return writer
}

/** What begins a field. */
function key(writer: BinaryWriter, number: number, wire: number): BinaryWriter {
  return writer.uint32(8 * number + wire)
}

function encodeValue([number, kind]: readonly [number, Kind], value: unknown, writer: BinaryWriter): void {
  if (kind === 'int') key(writer, number, VARINT).int64(value as number)
  else if (kind === 'float') key(writer, number, FOUR_BYTES).float(value as number)
  else if (kind === 'bytes') key(writer, number, LENGTH_DELIMITED).bytes(value as Uint8Array)
  else if (kind === 'text') key(writer, number, LENGTH_DELIMITED).string(value as string)
  else if (kind === 'texts') {
    for (const text of value as readonly string[]) key(writer, number, LENGTH_DELIMITED).string(text)
  } else {
    key(writer, number, LENGTH_DELIMITED).fork()
    for (const one of value as readonly number[]) {
      if (kind === 'ints') writer.int64(one)
      else writer.float(one)
    }
    writer.join()
  }
}
