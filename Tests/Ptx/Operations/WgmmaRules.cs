using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>
/// wgmma: products of four warps whose operands lie in shared memory. Each warp computes its 16 rows when it issues; its results may not be
/// read before their group has been waited for. Writers of the operands must have executed fence.proxy.async.
/// </summary>
internal static class WgmmaRules
{
    /// <summary>Columns of all sizes: multiples of 8 up to 256.</summary>
    private static readonly int[] AllColumns = [.. Enumerable.Range(1, 32).Select(i => 8 * i)];

    /// <summary>Sizes that integer types have.</summary>
    private static readonly HashSet<int> IntegerColumns = [8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256];

    public static readonly Rule[] All =
    [
        new("wgmma fence sync aligned", "", Aligned((warp, _, _) => warp.Products.Fence()), 80, 90, specific: true),
        new("wgmma commit_group sync aligned", "", Aligned((warp, _, _) => warp.Products.Commit()), 80, 90, specific: true),
        new("wgmma wait_group sync aligned", "#", Aligned((warp, op, _) => warp.Products.Wait(warp, (int)op.Literals[0])), 80, 90, specific: true),
        .. Products(16, "bf16", "bf16", "f32", transposes: true), .. Products(16, "f16", "f16", "f32|f16", transposes: true), .. Products(8, "tf32", "tf32", "f32"),
        .. Products(32, "e4m3|e5m2", "e4m3|e5m2", "f32|f16"), .. Products(32, "s8|u8", "s8|u8", "s32"),
    ];

    private static Bind Aligned(Execute run) => (operation, _) =>
    {
        operation.Class = InstructionClass.Matrix;
        operation.Kind = OperationKind.WarpAligned;
        operation.Run = run;
    };

    private static IEnumerable<Rule> Products(int k, string left, string right, string result, bool transposes = false)
    {
        string sizes = string.Join('|', AllColumns.Select(columns => $"m64n{columns}k{k}"));
        string pattern = $"wgmma mma_async sync aligned shape={sizes} D={result} A={left} B={right}";
        string scales = result == "s32" ? "" : " # #";
        foreach (bool leftInRegisters in new[] { false, true })
        {
            string flags = !transposes ? "" : leftInRegisters ? " #" : " # #";
            string first = leftInRegisters ? "<4>b32!" : "b64!";
            yield return new Rule(pattern, $"=<N>D {first} b64! pred{scales}{flags}", Multiply(k, leftInRegisters), 80, 90, specific: true)
            {
                Check = CheckOperands,
            };
        }
    }

    /// <summary>Columns of the product: the number behind n.</summary>
    public static int Columns(string shape) => int.Parse(shape.AsSpan(4, shape.IndexOf('k') - 4));

    private static string? CheckOperands(Operand[] operands, RuleMatch match)
    {
        if (match["D"] == "s32" && !IntegerColumns.Contains(Columns(match["shape"])))
            return $"integer types do not have the size {match["shape"]}.";
        Operand[] literals = [.. operands.Skip(4)];
        if (literals.Take(2).Any(scale => !(scale.Bits is 1 or ulong.MaxValue)))
            return "the scales of A and B are 1 or -1.";
        return literals.Skip(2).Any(flag => flag.Bits > 1) ? "a transpose flag is 0 or 1." : null;
    }

    private static Bind Multiply(int k, bool leftInRegisters) => (operation, match) =>
    {
        int columns = Columns(match["shape"]);
        var left = new MatrixShape(k, match["A"], match["D"]);
        var right = new MatrixShape(k, match["B"], match["D"]);
        int registers = match["D"] == "f16" ? columns / 4 : columns / 2;
        // the results are not there before the wait, so they do not count as written by this instruction
        int[] results = operation.Slots[..registers];
        operation.Writes = [];
        (double scale, bool transposeA, bool transposeB) = Settings(operation.Literals, leftInRegisters);
        int predicate = operation.Slots.Length - 1;
        int descriptorB = operation.Slots[predicate - 1];
        Aligned((warp, op, _) =>
        {
            bool accumulate = (warp.ReadPredicate(op, predicate) & 1) != 0;
            warp.Products.Issue(warp, op, results, accumulate);
            double[,] a = new double[16, k], b = new double[columns, k];
            if (leftInRegisters)
                ReadRegisters(warp, op, registers, left, a);
            else
                new OperandTile(warp, op, Lanes.Get<ulong>(ref warp.Register(op.Slots[registers]), 0), transposeA, left).Read(a, 16 * (warp.Index & 3));
            new OperandTile(warp, op, Lanes.Get<ulong>(ref warp.Register(descriptorB), 0), transposeB, right).Read(b, 0);
            bool halves = match["D"] == "f16";
            ulong c = 0;
            for (int lane = 0; lane < 32; lane++)
                for (int value = 0; value < columns / 2; value++)
                {
                    (int row, int column) = Place(lane, value);
                    double sum = 0;
                    for (int depth = 0; depth < k; depth++)
                        sum += a[row, depth] * b[column, depth];
                    int register = results[halves ? value >> 1 : value];
                    uint d = Lanes.Get<uint>(ref warp.Register(register), lane);
                    // a register of two halves is taken before its first half is written
                    if (!halves || (value & 1) == 0)
                        c = accumulate ? d : 0;
                    left.Accumulate(ref c, ref d, 0, value, scale * sum, false);
                    Unsafe.Add(ref warp.Register(register), lane) = d;
                }
        })(operation, match);
    };

    /// <summary>Row among the warp's 16 and column of a lane's value: d[4j + e] lies in column 8j + 2t + (e &amp; 1).</summary>
    public static (int Row, int Column) Place(int lane, int value) =>
        ((lane >> 2) + (8 * ((value >> 1) & 1)), (8 * (value >> 2)) + (2 * (lane & 3)) + (value & 1));

    private static (double Scale, bool TransposeA, bool TransposeB) Settings(long[] literals, bool leftInRegisters) => literals.Length switch
    {
        0 => (1, false, false),
        2 => (literals[0] * literals[1], false, false),
        3 when leftInRegisters => (literals[0] * literals[1], false, literals[2] == 1),
        _ => (literals[0] * literals[1], literals[2] == 1, literals[3] == 1),
    };

    private static void ReadRegisters(Warp warp, Operation operation, int first, MatrixShape shape, double[,] a)
    {
        for (int lane = 0; lane < 32; lane++)
            for (int register = 0; register < 4; register++)
                for (int element = 0; element < shape.PerRegister; element++)
                {
                    (int row, int depth) = shape.Left(lane, register, element);
                    a[row, depth] = shape.Decode(Lanes.Get<uint>(ref warp.Register(operation.Slots[first + register]), lane), element);
                }
    }
}
