using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>Matrices of a warp: ldmatrix, stmatrix, movmatrix, mma.sync.</summary>
internal static class MatrixRules
{
    /// <summary>Shapes of mma.sync: extents, types of A and B, registers of D, A, B and C, least version and target.</summary>
    private static readonly (string Shape, int K, string Types, string Result, int Version, int Architecture)[] Products =
    [
        ("m16n8k8", 8, "f16", "f32", 65, 75), ("m16n8k8", 8, "f16", "f16", 65, 75), ("m16n8k8", 8, "bf16", "f32", 70, 80),
        ("m16n8k16", 16, "f16", "f32", 70, 80), ("m16n8k16", 16, "f16", "f16", 70, 80), ("m16n8k16", 16, "bf16", "f32", 70, 80),
        ("m16n8k4", 4, "tf32", "f32", 70, 80), ("m16n8k8", 8, "tf32", "f32", 70, 80),
        ("m16n8k16", 16, "s8|u8", "s32", 70, 80), ("m16n8k32", 32, "s8|u8", "s32", 70, 80),
        ("m16n8k32", 32, "s4|u4", "s32", 70, 80), ("m16n8k64", 64, "s4|u4", "s32", 70, 80),
        ("m16n8k32", 32, "e4m3|e5m2", "f32", 84, 89), ("m16n8k16", 16, "e4m3|e5m2", "f32", 87, 89),
        ("m16n8k32", 32, "e4m3|e5m2", "f16", 87, 89), ("m16n8k16", 16, "e4m3|e5m2", "f16", 87, 89),
    ];

    public static readonly Rule[] All =
    [
        .. new[] { 1, 2, 4 }.SelectMany(count => new[]
        {
            new Rule($"~ldmatrix sync aligned m8n8 x{count} trans? S=shared b16", $"=<{count}>b32 [s]", LoadMatrices(count), 65, 75),
            new Rule($"~ldmatrix sync aligned m8n8 x{count} trans? S=shared::cta b16", $"=<{count}>b32 [s]", LoadMatrices(count), 78, 75),
            new Rule($"~stmatrix sync aligned m8n8 x{count} trans? S=shared|shared::cta b16", $"[s] <{count}>b32!", StoreMatrices(count), 78, 90),
        }),
        new("movmatrix sync aligned m8n8 trans b16", "=b32 b32!", Transpose, 78, 75),
        .. Products.Select(product =>
        {
            MatrixShape shape = new(product.K, product.Types.Split('|')[0], product.Result);
            string integer = product.Result == "s32" ? "satfinite? " : "";
            string sum = $"<{shape.ResultRegisters}>{shape.ResultOperand}";
            string operands = $"={sum} <{shape.LeftRegisters}>b32! <{shape.RightRegisters}>b32! {sum}";
            return new Rule($"mma sync aligned {product.Shape} row col {integer}D={product.Result} A={product.Types} B={product.Types} C={product.Result}", operands,
                (operation, match) => Multiply(operation, match, product.K, product.Result), product.Version, product.Architecture);
        }),
    ];

    private static void SetUp(Operation operation, Access access = Access.None)
    {
        operation.Class = InstructionClass.Matrix;
        operation.Kind = OperationKind.WarpAligned;
        operation.Access = access;
        operation.Bytes = 16;
    }

    private static ulong AddressOf(Warp warp, Operation operation, int slot, int lane) =>
        (Unsafe.Add(ref warp.Register(operation.Slots[slot]), lane) + (ulong)operation.Offsets[0]) & operation.AddressMasks[0];

    /// <summary>Where element (lane, half) of an 8×8 matrix lies: row and column; lane = 4g + t has row g and columns 2t, 2t+1.</summary>
    public static (int Row, int Column) PlaceOf(int lane, int half, bool transposed)
    {
        int row = lane >> 2, column = (2 * (lane & 3)) + half;
        return transposed ? (column, row) : (row, column);
    }

    private static Bind LoadMatrices(int count) => (operation, match) =>
    {
        SetUp(operation, Access.Read);
        bool transposed = match.Has("trans");
        operation.Run = (warp, op, _) =>
        {
            Span<ushort> values = stackalloc ushort[64];
            var traffic = new Traffic(warp, op, 16);
            for (int matrix = 0; matrix < count; matrix++)
            {
                for (int row = 0; row < 8; row++)
                {
                    int lane = (8 * matrix) + row;
                    ulong address = AddressOf(warp, op, count, lane);
                    ref byte bytes = ref warp.Touch(op, MemorySpace.Shared, address, 16, lane, Access.Read);
                    traffic.Add(address);
                    for (int column = 0; column < 8; column++)
                        values[(8 * row) + column] = Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref bytes, 2 * column));
                }
                // a destination may be the address register: it is written only after the last row's address was read
                for (int lane = 0; lane < 32; lane++)
                {
                    (int row, int column) = PlaceOf(lane, 0, transposed);
                    (int nextRow, int nextColumn) = PlaceOf(lane, 1, transposed);
                    warp.Scratch[(32 * matrix) + lane] = values[(8 * row) + column] | ((uint)values[(8 * nextRow) + nextColumn] << 16);
                }
            }
            for (int matrix = 0; matrix < count; matrix++)
                for (int lane = 0; lane < 32; lane++)
                    Unsafe.Add(ref warp.Register(op.Slots[matrix]), lane) = warp.Scratch[(32 * matrix) + lane];
            traffic.Count();
        };
    };

    private static Bind StoreMatrices(int count) => (operation, match) =>
    {
        SetUp(operation, Access.Write);
        bool transposed = match.Has("trans");
        operation.Run = (warp, op, _) =>
        {
            Span<ushort> values = stackalloc ushort[64];
            var traffic = new Traffic(warp, op, 16);
            for (int matrix = 0; matrix < count; matrix++)
            {
                for (int lane = 0; lane < 32; lane++)
                    for (int half = 0; half < 2; half++)
                    {
                        (int row, int column) = PlaceOf(lane, half, transposed);
                        values[(8 * row) + column] = (ushort)(Unsafe.Add(ref warp.Register(op.Slots[1 + matrix]), lane) >> (16 * half));
                    }
                for (int row = 0; row < 8; row++)
                {
                    int lane = (8 * matrix) + row;
                    ulong address = AddressOf(warp, op, 0, lane);
                    ref byte bytes = ref warp.Touch(op, MemorySpace.Shared, address, 16, lane, Access.Write);
                    traffic.Add(address);
                    for (int column = 0; column < 8; column++)
                        Unsafe.WriteUnaligned(ref Unsafe.Add(ref bytes, 2 * column), values[(8 * row) + column]);
                }
            }
            traffic.Count();
        };
    };

    private static void Transpose(Operation operation, RuleMatch match)
    {
        SetUp(operation);
        operation.Run = (warp, op, _) =>
        {
            for (int lane = 0; lane < 32; lane++)
            {
                uint value = 0;
                for (int half = 0; half < 2; half++)
                {
                    (int row, int column) = PlaceOf(lane, half, transposed: true);
                    value |= ((uint)(Unsafe.Add(ref warp.Register(op.A), (4 * row) + (column >> 1)) >> (16 * (column & 1))) & 0xFFFF) << (16 * half);
                }
                warp.Scratch[lane] = value;
            }
            for (int lane = 0; lane < 32; lane++)
                Unsafe.Add(ref warp.Register(op.D), lane) = warp.Scratch[lane];
        };
    }

    /// <summary>
    /// D = A·B + C: exact products summed in double by rising k, C last, rounded once (integers are exact). A GPU's order and rounding
    /// differ in the last bit.
    /// </summary>
    private static void Multiply(Operation operation, RuleMatch match, int k, string result)
    {
        SetUp(operation);
        MatrixShape left = new(k, match["A"], result), right = new(k, match["B"], result);
        bool clamp = match.Has("satfinite");
        int firstA = left.ResultRegisters, firstB = firstA + left.LeftRegisters, firstC = firstB + left.RightRegisters;
        operation.Run = (warp, op, _) =>
        {
            Span<double> a = stackalloc double[16 * k], b = stackalloc double[8 * k];
            for (int lane = 0; lane < 32; lane++)
            {
                for (int register = 0; register < left.LeftRegisters; register++)
                    for (int element = 0; element < left.PerRegister; element++)
                    {
                        (int row, int depth) = left.Left(lane, register, element);
                        a[(row * k) + depth] = left.Decode((uint)Unsafe.Add(ref warp.Register(op.Slots[firstA + register]), lane), element);
                    }
                for (int register = 0; register < right.RightRegisters; register++)
                    for (int element = 0; element < right.PerRegister; element++)
                    {
                        (int depth, int column) = right.Right(lane, register, element);
                        b[(column * k) + depth] = right.Decode((uint)Unsafe.Add(ref warp.Register(op.Slots[firstB + register]), lane), element);
                    }
            }
            for (int lane = 0; lane < 32; lane++)
                for (int value = 0; value < 4; value++)
                {
                    (int row, int column) = MatrixShape.Result(lane, value);
                    double sum = 0;
                    for (int depth = 0; depth < k; depth++)
                        sum += a[(row * k) + depth] * b[(column * k) + depth];
                    int register = left.RegisterOf(value);
                    left.Accumulate(ref warp.Register(op.Slots[firstC + register]), ref warp.Scratch[(32 * register) + lane], lane, value, sum, clamp);
                }
            for (int register = 0; register < left.ResultRegisters; register++)
                for (int lane = 0; lane < 32; lane++)
                    Unsafe.Add(ref warp.Register(op.Slots[register]), lane) = warp.Scratch[(32 * register) + lane];
        };
    }
}
