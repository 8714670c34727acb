using System.Text.Json;

namespace Managed.Tests.Ptx;

/// <summary>Tensor-core instructions against the fragment tables and plain products.</summary>
public class PtxMatrixTests
{
    private static JsonElement Table(string name) => JsonDocument.Parse(File.ReadAllText(SharedFolder.Fixture($"ptx/fragments.{name}.json"))).RootElement;

    private static (int, int) Pair(JsonElement element) => (element[0].GetInt32(), element[1].GetInt32());

    [TestCase("m16n8k16.bf16", 16, "bf16")]
    [TestCase("m16n8k8.bf16", 8, "bf16")]
    [TestCase("m16n8k8.tf32", 8, "tf32")]
    [TestCase("m16n8k16.s8", 16, "s8")]
    [TestCase("m16n8k32.s8", 32, "s8")]
    [TestCase("m16n8k32.e4m3", 32, "e4m3")]
    public void Fragments_lie_where_the_tables_say(string table, int k, string type)
    {
        var shape = new MatrixShape(k, type, type == "s8" ? "s32" : "f32");
        JsonElement root = Table(table);
        for (int lane = 0; lane < 32; lane++)
        {
            JsonElement a = root.GetProperty("a")[lane], b = root.GetProperty("b")[lane], c = root.GetProperty("c")[lane];
            Assert.That((a.GetArrayLength(), b.GetArrayLength(), c.GetArrayLength()), Is.EqualTo((shape.LeftRegisters, shape.RightRegisters, shape.ResultRegisters)));
            for (int register = 0; register < shape.LeftRegisters; register++)
                for (int element = 0; element < shape.PerRegister; element++)
                    Assert.That(shape.Left(lane, register, element), Is.EqualTo(Pair(a[register][element])), $"A, lane {lane}, register {register}");
            for (int register = 0; register < shape.RightRegisters; register++)
                for (int element = 0; element < shape.PerRegister; element++)
                    Assert.That(shape.Right(lane, register, element), Is.EqualTo(Pair(b[register][element])), $"B, lane {lane}, register {register}");
            for (int value = 0; value < 4; value++)
                Assert.That(MatrixShape.Result(lane, value), Is.EqualTo(Pair(c[value])), $"C, lane {lane}, value {value}");
        }
    }

    [Test]
    public void Wgmma_results_lie_where_the_table_says()
    {
        JsonElement root = JsonDocument.Parse(File.ReadAllText(SharedFolder.Require("fixtures/ptx/fragments.wgmma-m64n16.json"))).RootElement;
        var shape = new MatrixShape(16, "bf16", "f32");
        for (int thread = 0; thread < 128; thread++)
        {
            JsonElement d = root.GetProperty("d")[thread], a = root.GetProperty("a")[thread];
            for (int value = 0; value < 8; value++)
            {
                (int row, int column) = WgmmaRules.Place(thread & 31, value);
                Assert.That(((16 * (thread >> 5)) + row, column), Is.EqualTo(Pair(d[value])), $"thread {thread}");
            }
            for (int register = 0; register < 4; register++)
                for (int element = 0; element < 2; element++)
                {
                    (int row, int depth) = shape.Left(thread & 31, register, element);
                    Assert.That(((16 * (thread >> 5)) + row, depth), Is.EqualTo(Pair(a[register][element])), $"thread {thread}");
                }
        }
    }

    [TestCase("plain", false)]
    [TestCase("trans", true)]
    public void Ldmatrix_gives_lanes_what_the_table_says(string table, bool transposed)
    {
        JsonElement root = Table("ldmatrix").GetProperty(table);
        for (int lane = 0; lane < 32; lane++)
            for (int matrix = 0; matrix < 4; matrix++)
                for (int half = 0; half < 2; half++)
                    Assert.That(MatrixRules.PlaceOf(lane, half, transposed), Is.EqualTo(Pair(root[lane][matrix][half])), $"lane {lane}");
    }

    [TestCase("", "trans", Description = "stored transposed and loaded transposed is plain again")]
    [TestCase("trans", "")]
    public void Matrices_pass_through_shared_memory_and_come_back(string store, string load)
    {
        // movmatrix turns what one transposition turned
        string code = $$"""
            .shared .align 16 .b8 box[512];
            mov.u32 r10, box; shl.b32 r11, r1, 4; add.u32 r10, r10, r11;
            mad.lo.u32 r20, r1, 65537, 5; add.u32 r21, r20, 1000; add.u32 r22, r20, 2000; add.u32 r23, r20, 3000;
            stmatrix.sync.aligned.m8n8.x4{{(store.Length > 0 ? ".trans" : "")}}.shared.b16 [r10], {r20,r21,r22,r23};
            bar.warp.sync -1;
            ldmatrix.sync.aligned.m8n8.x4{{(load.Length > 0 ? ".trans" : "")}}.shared.b16 {r30,r31,r32,r33}, [r10];
            movmatrix.sync.aligned.m8n8.trans.b16 r30, r30;
            movmatrix.sync.aligned.m8n8.trans.b16 r33, r33;
            sub.u32 r30, r30, r20; sub.u32 r33, r33, r23; or.b32 r0, r30, r33;
            """;
        (ulong, ulong, ulong)[] lanes = [.. Enumerable.Range(0, 32).Select(i => ((ulong)i, 0UL, 0UL))];
        Assert.That(Snippet.Run(code, "r0", lanes), Is.All.Zero);
    }

    /// <summary>Shapes with the sizes of their operands and what they hold.</summary>
    [TestCase("m16n8k16", 16, "bf16", "bf16", "f32")]
    [TestCase("m16n8k16", 16, "f16", "f16", "f32")]
    [TestCase("m16n8k16", 16, "f16", "f16", "f16")]
    [TestCase("m16n8k8", 8, "bf16", "bf16", "f32")]
    [TestCase("m16n8k8", 8, "tf32", "tf32", "f32")]
    [TestCase("m16n8k4", 4, "tf32", "tf32", "f32")]
    [TestCase("m16n8k16", 16, "s8", "s8", "s32")]
    [TestCase("m16n8k32", 32, "s8", "u8", "s32")]
    [TestCase("m16n8k64", 64, "s4", "u4", "s32")]
    [TestCase("m16n8k32", 32, "e4m3", "e5m2", "f32")]
    public void A_product_of_tensor_cores_is_the_plain_product(string shape, int k, string typeA, string typeB, string result)
    {
        var left = new MatrixShape(k, typeA, result);
        var right = new MatrixShape(k, typeB, result);
        var random = new Random(4);
        // whole numbers that every type holds and whose sums are exact
        int[,] a = new int[16, k], b = new int[k, 8], c = new int[16, 8];
        Fill(a, typeA);
        Fill(b, typeB);
        Fill(c, result);
        uint[] inputs = new uint[32 * 16];
        for (int lane = 0; lane < 32; lane++)
        {
            for (int register = 0; register < left.LeftRegisters; register++)
                for (int element = 0; element < left.PerRegister; element++)
                {
                    (int row, int depth) = left.Left(lane, register, element);
                    inputs[(16 * lane) + register] |= Encode(a[row, depth], typeA) << (32 / left.PerRegister * element);
                }
            for (int register = 0; register < right.RightRegisters; register++)
                for (int element = 0; element < right.PerRegister; element++)
                {
                    (int depth, int column) = right.Right(lane, register, element);
                    inputs[(16 * lane) + 4 + register] |= Encode(b[depth, column], typeB) << (32 / right.PerRegister * element);
                }
            for (int value = 0; value < 4; value++)
            {
                (int row, int column) = MatrixShape.Result(lane, value);
                inputs[(16 * lane) + 8 + left.RegisterOf(value)] |= Encode(c[row, column], result) << (result == "f16" ? 16 * (value & 1) : 0);
            }
        }
        string List(string prefix, int first, int count) => "{" + string.Join(",", Enumerable.Range(first, count).Select(i => $"{prefix}{i}")) + "}";
        string text = $$"""
            .version 8.7
            .target sm_90
            .address_size 64
            .entry product(.param .u64 in, .param .u64 out)
            {
                .reg .b32 r<32>; .reg .b64 rd<4>;
                ld.param.u64 rd0,[in]; ld.param.u64 rd1,[out];
                mov.u32 r31,%tid.x; mad.wide.u32 rd0,r31,64,rd0; mad.wide.u32 rd1,r31,16,rd1;
                ld.global.v4.u32 {r0,r1,r2,r3},[rd0]; ld.global.v4.u32 {r4,r5,r6,r7},[rd0+16]; ld.global.v4.u32 {r8,r9,r10,r11},[rd0+32];
                mov.u32 r12,0; mov.u32 r13,0; mov.u32 r14,0; mov.u32 r15,0;
                mma.sync.aligned.{{shape}}.row.col.{{result}}.{{typeA}}.{{typeB}}.{{result}}
                    {{List("r", 12, left.ResultRegisters)}},{{List("r", 0, left.LeftRegisters)}},{{List("r", 4, right.RightRegisters)}},{{List("r", 8, left.ResultRegisters)}};
                st.global.v4.u32 [rd1],{r12,r13,r14,r15};
                ret;
            }
            """;
        var machine = new PtxMachine();
        ulong output = machine.Allocate(512);
        machine.Launch(PtxModule.Parse(text), "product", 1, 32, 0, [machine.Allocate<uint>(inputs), output]);
        uint[] found = machine.Read<uint>(output, 128);
        for (int lane = 0; lane < 32; lane++)
            for (int value = 0; value < 4; value++)
            {
                (int row, int column) = MatrixShape.Result(lane, value);
                int expected = c[row, column] + Enumerable.Range(0, k).Sum(depth => a[row, depth] * b[depth, column]);
                uint bits = found[(4 * lane) + left.RegisterOf(value)] >> (result == "f16" ? 16 * (value & 1) : 0);
                Assert.That(result == "f16" ? bits & 0xFFFF : bits, Is.EqualTo(Encode(expected, result)), $"row {row}, column {column}");
            }

        void Fill(int[,] matrix, string type)
        {
            for (int i = 0; i < matrix.GetLength(0); i++)
                for (int j = 0; j < matrix.GetLength(1); j++)
                    matrix[i, j] = random.Next(type[0] == 'u' ? 0 : -4, 5);
        }
    }

    private static uint Encode(int value, string type) => type switch
    {
        "s32" => (uint)value,
        "s8" or "u8" => (byte)value,
        "s4" or "u4" => (uint)value & 15,
        "f32" or "tf32" => BitConverter.SingleToUInt32Bits(value),
        "f16" => BitConverter.HalfToUInt16Bits((Half)value),
        "bf16" => BitConverter.SingleToUInt32Bits(value) >> 16,
        _ => FloatFormat.ByName[type].Encode(value),
    };
}
