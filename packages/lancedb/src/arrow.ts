/*
 * The parts of Apache Arrow that are touched, described by shape. LanceDB hands over batches of its own copy of
 * apache-arrow and takes nothing from another: its classes are reached through those batches, and nothing here imports the
 * package.
 */

/** What Arrow calls `Data`: the buffers of one column. */
export interface ArrowData {
  readonly type: ArrowType
  readonly length: number
  readonly offset: number
  readonly stride: number
  readonly children: readonly ArrowData[]
  readonly values: TypedArray | undefined
  readonly valueOffsets: Int32Array | BigInt64Array | undefined
  readonly typeIds?: unknown
  readonly dictionary?: unknown
  getValid(index: number): boolean
}

type TypedArray = (Uint8Array | Float32Array | BigInt64Array) & { readonly length: number }

/** What Arrow calls `DataType`; `children` of nested types are fields. */
export interface ArrowType {
  readonly typeId: number
  readonly precision?: unknown
}

/** What Arrow calls `Field`. */
export interface ArrowField {
  readonly name: string
  readonly type: ArrowType
  readonly nullable: boolean
  readonly metadata: ReadonlyMap<string, string>
}

/** What is used of a `RecordBatch`. */
export interface ArrowBatch {
  readonly numRows: number
  readonly schema: { readonly fields: readonly ArrowField[]; readonly metadata: ReadonlyMap<string, string> }
  readonly data: { readonly type: ArrowType; readonly children: readonly unknown[] }
  getChild(name: never): { get(index: number): unknown } | null
}

/** A column of a batch that has it, by name. */
export function columnOf(batch: ArrowBatch, name: string): { get(index: number): unknown } | null {
  return batch.getChild(name as never)
}

/** A row of one of several batches. */
export interface RowPick {
  readonly source: number
  readonly row: number
}

/** The ids of the types in Arrow's own schema. */
const NULL = 1
const BINARY = 4
const UTF8 = 5
const BOOL = 6
const LIST = 12
const STRUCT = 13
const UNION = 14
const FIXED_SIZE_LIST = 16
const MAP = 17
const LARGE_BINARY = 19
const LARGE_UTF8 = 20

/**
 * One column out of rows of several, copied buffer by buffer, so that every value is what it was to the bit.
 *
 * @param sources the column in each batch; `undefined` where a batch has none, whose rows are then null.
 * @throws RangeError for a type whose values cannot be put together: unions, and dictionaries that differ.
 */
export function gather(sources: readonly (ArrowData | undefined)[], picks: readonly RowPick[]): ArrowData {
  const held = sources.filter((source) => source !== undefined)
  const model = (held.find(({ length }) => length > 0) ?? held[0]) as ArrowData
  const { type, stride } = model
  const rows = picks.map(({ source, row }) => ({ data: sources[source], row }))
  const isValid = rows.map(({ data, row }) => data?.getValid(row) === true)
  const build = (buffers: Buffers, children: readonly ArrowData[] = []): ArrowData =>
    dataFrom(model, { isValid, buffers, children })
  const childAt = (at: number, inner: readonly RowPick[]): ArrowData =>
    gather(
      sources.map((source) => source?.children[at]),
      inner,
    )

  switch (type.typeId) {
    case NULL:
      return build({})
    case STRUCT:
      return build(
        {},
        model.children.map((_, at) => childAt(at, picks)),
      )
    case FIXED_SIZE_LIST: {
      const inner = picks.flatMap(({ source, row }) =>
        Array.from({ length: stride }, (_, at) => ({ source, row: row * stride + at })),
      )
      return build({}, [childAt(0, inner)])
    }
    case LIST:
    case MAP:
    case UTF8:
    case BINARY:
    case LARGE_UTF8:
    case LARGE_BINARY:
      return ofAnyLength({ rows, isValid, picks, model }, build, childAt)
    case BOOL: {
      const bits = rows.map(({ data, row }) => data !== undefined && bitAt(data, row))
      return build({ 1: bitmapOf(bits) })
    }
    case UNION:
      throw new RangeError('a union cannot be put together from two searches')
    default:
      return build({ 1: fixedWidth(rows, model) })
  }
}

interface Gathering {
  readonly rows: readonly { readonly data: ArrowData | undefined; readonly row: number }[]
  readonly isValid: readonly boolean[]
  readonly picks: readonly RowPick[]
  readonly model: ArrowData
}

/** Lists and texts: each row has as many elements as its offsets say. */
function ofAnyLength(
  { rows, isValid, picks, model }: Gathering,
  build: (buffers: Buffers, children?: readonly ArrowData[]) => ArrowData,
  childAt: (at: number, inner: readonly RowPick[]) => ArrowData,
): ArrowData {
  const ends = rows.map(({ data, row }, at) => (isValid[at] ? rangeOf(data as ArrowData, row) : EMPTY))
  const offsets = offsetsOf(ends, model)
  if (model.type.typeId !== LIST && model.type.typeId !== MAP) {
    const parts = rows.map(({ data }, at) => {
      const [start, end] = ends[at] as Range
      return data?.values?.subarray(start, end)
    })
    return build({ 0: offsets, 1: joined(parts, model) })
  }
  const inner = picks.flatMap(({ source }, at) => {
    const [start, end] = ends[at] as Range
    return Array.from({ length: end - start }, (_, step) => ({ source, row: start + step }))
  })
  return build({ 0: offsets }, [childAt(0, inner)])
}

type Range = [start: number, end: number]
const EMPTY: Range = [0, 0]

/** Where the value of a row stands among the values or the children. */
function rangeOf({ valueOffsets }: ArrowData, row: number): Range {
  return [Number(valueOffsets?.[row]), Number(valueOffsets?.[row + 1])]
}

function offsetsOf(ranges: readonly Range[], { valueOffsets }: ArrowData): Int32Array | BigInt64Array {
  const isLarge = typeof valueOffsets?.[0] === 'bigint'
  const offsets = new (isLarge ? BigInt64Array : Int32Array)(ranges.length + 1)
  let sum = 0
  for (const [at, [start, end]] of ranges.entries()) {
    sum += end - start
    offsets[at + 1] = isLarge ? BigInt(sum) : sum
  }
  return offsets
}

/** Numbers, dates, decimals and the like: so many elements a row. What a row that is null holds does not matter. */
function fixedWidth(rows: readonly { data: ArrowData | undefined; row: number }[], model: ArrowData): TypedArray {
  const dictionaries = new Set(rows.map(({ data }) => data?.dictionary).filter((one) => one !== undefined))
  if (dictionaries.size > 1) throw new RangeError('a dictionary differs between the two searches')
  const { stride } = model
  const empty = zeros(model, stride)
  const parts = rows.map(({ data, row }) => {
    const part = data?.values?.subarray(row * stride, (row + 1) * stride)
    // Writers leave out what stands under the nulls at the end of a list.
    return part?.length === stride ? part : empty
  })
  return joined(parts, model)
}

function zeros({ values }: ArrowData, length: number): TypedArray {
  return new (values as TypedArray & { constructor: new (length: number) => TypedArray }).constructor(length)
}

function joined(parts: readonly (TypedArray | undefined)[], model: ArrowData): TypedArray {
  const all = zeros(
    model,
    parts.reduce((sum, part) => sum + (part?.length ?? 0), 0),
  )
  let at = 0
  for (const part of parts) {
    if (part === undefined) continue
    all.set(part as never, at)
    at += part.length
  }
  return all
}

function bitAt({ values, offset }: ArrowData, row: number): boolean {
  const bit = offset + row
  return ((Number(values?.[bit >> 3]) >> (bit & 7)) & 1) === 1
}

/** Arrow pads its bitmaps to eight bytes. */
function bitmapOf(bits: readonly boolean[]): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(bits.length / 64) * 8)
  for (const [at, bit] of bits.entries()) if (bit) bitmap[at >> 3] = Number(bitmap[at >> 3]) | (1 << (at & 7))
  return bitmap
}

/** By Arrow's `BufferType`: 0 offsets, 1 values, 2 which are not null. */
type Buffers = Readonly<Record<number, Int32Array | BigInt64Array | TypedArray>>

type NewData = new (
  type: ArrowType,
  offset: number,
  length: number,
  nullCount: number,
  buffers: Buffers,
  children: readonly ArrowData[],
  dictionary: unknown,
) => ArrowData

function dataFrom(
  model: ArrowData,
  { isValid, buffers, children }: { isValid: boolean[]; buffers: Buffers; children: readonly ArrowData[] },
): ArrowData {
  const nulls = isValid.filter((valid) => !valid).length
  const withNulls = nulls === 0 ? buffers : { ...buffers, 2: bitmapOf(isValid) }
  const { type, dictionary } = model
  return new (model.constructor as NewData)(type, 0, isValid.length, nulls, withNulls, children, dictionary)
}

/** A column of 32-bit floats, null where there is no number, after the model of one such column. */
export function floatsLike(model: ArrowData, numbers: readonly (number | undefined)[]): ArrowData {
  const isValid = numbers.map((number) => number !== undefined)
  const values = Float32Array.from(numbers, (number) => number ?? 0)
  return dataFrom(model, { isValid, buffers: { 1: values }, children: [] })
}

/** A batch of the same class as `model`, of these columns. */
export function batchLike<B extends ArrowBatch>(
  model: B,
  { fields, columns, length }: { fields: readonly ArrowField[]; columns: readonly ArrowData[]; length: number },
): B {
  const { schema, data } = model
  const type = new (data.type.constructor as new (fields: readonly ArrowField[]) => ArrowType)(fields)
  const struct = new (data.constructor as NewData)(type, 0, length, 0, {}, columns, undefined)
  const newSchema: unknown = new (schema.constructor as new (fields: unknown, metadata: unknown) => unknown)(
    fields,
    schema.metadata,
  )
  return new (model.constructor as new (schema: unknown, data: unknown) => B)(newSchema, struct)
}

/** A field like another one, that may be null, of another name where one is given. */
export function nullableField(field: ArrowField, name: string = field.name): ArrowField {
  const NewField = field.constructor as new (
    name: string,
    type: ArrowType,
    nullable: boolean,
    metadata: unknown,
  ) => ArrowField
  return new NewField(name, field.type, true, name === field.name ? field.metadata : new Map())
}
