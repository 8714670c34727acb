using System.Text.Json;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>Assembly that a kernel's author wrote.</summary>
public class PtxInlineAssemblyTests
{
    private const string Mma = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {{0}, {1}, {2}, {3}}, {{4}, {5}, {6}, {7}}, {{8}, {9}}, {{10}, {11}, {12}, {13}};";

    private static readonly ScalarType I32 = ScalarType.Int32, F32 = ScalarType.Float32;

    [Test]
    public void Operands_are_outputs_first_then_inputs()
    {
        string text = PtxEmitter.Emit(StructureKernels.Assembly("mad.lo.s32 {0}, {1}, {2}, {1};", [I32], I32, I32), PtxTarget.Sm80);
        Assert.That(text, Does.Match(@"    mad\.lo\.s32 %r3, %r4, %r5, %r4;|    mad\.lo\.s32 (%r\d+), (%r\d+), (%r\d+), \2;"));
    }

    [Test]
    public void An_operand_that_is_not_there_is_named() =>
        Assert.That(() => PtxEmitter.Emit(StructureKernels.Assembly("mov.b32 {0}, {2};", [I32], I32), PtxTarget.Sm80),
            Throws.TypeOf<KernelCompilationException>().With.Message.Contains("operand 2").And.Message.Contains("has 2"));

    [Test]
    public void Tensor_cores_assemble_and_are_refused_where_there_are_none()
    {
        KernelFunction kernel = StructureKernels.Assembly(Mma, [F32, F32, F32, F32], I32, I32, I32, I32, I32, I32, F32, F32, F32, F32);
        Assert.That(() => PtxEmitter.Emit(kernel, PtxTarget.Sm75), Throws.TypeOf<KernelCompilationException>()
            .With.Message.Contains("sm_80").And.Message.Contains("mma.sync"));
        Ptxas.Assemble(PtxEmitter.Emit(kernel, PtxTarget.Sm80), "sm_80");
        Ptxas.Assemble(PtxEmitter.Emit(kernel, PtxTarget.Sm90), "sm_90");
    }

    [Test]
    public void Shared_pointers_are_32_bit_addresses_and_global_ones_64()
    {
        KernelFunction kernel = StructureKernels.Assembly("cp.async.cg.shared.global [{1}], [{2}], 16;\n cp.async.commit_group;\n cp.async.wait_group 0;\n ld.shared.f32 {0}, [{1}+4];",
            [F32], ScalarType.PointerTo(AddressSpace.Shared), ScalarType.PointerTo(AddressSpace.Global));
        string text = PtxEmitter.Emit(kernel, PtxTarget.Sm80);
        Assert.That(text, Does.Match(@"cp\.async\.cg\.shared\.global \[%r\d+\], \[%rd\d+\], 16;"));
        Assert.That(text, Does.StartWith(".version 7.0\n"));
        Ptxas.Assemble(text, "sm_80");
    }

    [Test]
    public void Names_of_its_own_do_not_collide_when_it_stands_twice()
    {
        KernelBuilder builder = new();
        Parameter results = builder.Global("results");
        Value value = builder.LoadAt(results, builder.ThreadX(), I32);
        for (int i = 0; i < 2; i++)
        {
            value = builder.Add(new InlineAssembly(".reg .b32 doubled; add.s32 doubled, {1}, {1}; mov.b32 {0}, doubled;", [I32], [value]));
        }
        builder.Add(new Store(results, value));
        builder.End(new Return());
        Ptxas.Assemble(PtxEmitter.Emit(builder.Kernel, PtxTarget.Sm80), "sm_80");
    }

    [Test]
    public void A_register_that_is_read_and_written_stays_where_it_is_unless_it_is_read_later([Values] bool isReadLater)
    {
        KernelBuilder builder = new();
        Parameter results = builder.Global("results");
        Value first = builder.Add(new InlineAssembly("mov.u32 {0}, %clock;", [I32], []));
        Value second = builder.Add(new InlineAssembly("add.s32 {0}, {0}, 1;", [I32], [first], [0]));
        Value third = builder.Add(new InlineAssembly("add.s32 {0}, {0}, 2;", [I32], [second], [0]));
        builder.Add(new Store(results, isReadLater ? builder.Add(new Binary(BinaryOp.Add, second, third)) : third));
        builder.End(new Return());
        string text = PtxEmitter.Emit(builder.Kernel, PtxTarget.Sm80);
        Assert.That(text, Does.Match(@"mov\.u32 (%r\d+), %clock;\s+add\.s32 \1, \1, 1;"));
        Assert.That(text, isReadLater
            ? Does.Match(@"add\.s32 (%r\d+), \1, 1;\s+mov\.b32 +(%r\d+), \1;\s+add\.s32 \2, \2, 2;")
            : Does.Match(@"add\.s32 (%r\d+), \1, 1;\s+add\.s32 \1, \1, 2;"));
        Ptxas.Assemble(text, "sm_80");
    }

    [Test]
    public void What_only_one_architecture_has_binds_the_module_to_it()
    {
        KernelFunction kernel = StructureKernels.Assembly("wgmma.fence.sync.aligned;", []);
        Assert.That(PtxEmitter.Emit(kernel, PtxTarget.Sm90a), Does.StartWith(".version 8.0\n.target sm_90a\n"));
        Assert.That(() => PtxEmitter.Emit(kernel, PtxTarget.Sm90), Throws.TypeOf<KernelCompilationException>().With.Message.Contains("sm_90a"));
    }

    [Test]
    public void Every_accepted_spelling_gets_a_version_and_target_that_have_it()
    {
        string path = SharedFolder.Require("fixtures/ptx/spellings.json");
        using JsonDocument spellings = JsonDocument.Parse(File.ReadAllText(path));
        List<string> tooLow = [], tooHigh = [];
        foreach (JsonElement spelling in spellings.RootElement.EnumerateArray())
        {
            if (!spelling.TryGetProperty("target", out JsonElement target))
            {
                continue;
            }
            string code = spelling.GetProperty("code").GetString()!;
            string name = target.GetString()!;
            int architecture = int.Parse(name[3..].TrimEnd('a'));
            int version = (int)Math.Round(double.Parse(spelling.GetProperty("version").GetString()!) * 10);
            (int givenVersion, int givenArchitecture) = PtxAssembly.LeastFor(code);
            if (architecture < 100 && (Math.Max(givenVersion, new PtxTarget(givenArchitecture).LeastVersion) < version || givenArchitecture < architecture))
            {
                tooLow.Add($"{code}  needs {version} {name}, given {givenVersion} sm_{givenArchitecture}");
            }
            else if (architecture < 100 && Math.Max(givenVersion, new PtxTarget(givenArchitecture).LeastVersion) > version)
            {
                tooHigh.Add($"{code}  needs {version} {name}, given {givenVersion} sm_{givenArchitecture}");
            }
        }
        Assert.That(tooLow, Is.Empty, string.Join('\n', tooLow));
        Assert.That(tooHigh, Has.Count.LessThan(12), "some rare forms are given more than they need:\n" + string.Join('\n', tooHigh));
    }
}
