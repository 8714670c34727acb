using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>What must and must not stand in the text; needs no assembler.</summary>
internal sealed class PtxTextTests
{
    private static string Emit(KernelFunction kernel, PtxTarget? target = null) => PtxEmitter.Emit(kernel, target ?? PtxTarget.Sm80);

    private static string Emit(string operation) =>
        Emit(OperationKernels.Everything().Single(candidate => candidate.Name == operation).Build());

    /// <summary>The instructions, one a line, without comments, with single spaces.</summary>
    private static string[] Instructions(string text) => [.. text.Split('\n')
        .Select(line => line.Split("//")[0].Trim()).Where(line => line.Length > 0)
        .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

    [Test]
    public void A_module_begins_with_the_lowest_version_that_has_what_it_uses()
    {
        KernelFunction plain = StructureKernels.Fibonacci();
        KernelFunction streaming = StructureKernels.VectorCopy(ScalarType.Float32, 4, MemoryAccess.ReadOnly | MemoryAccess.Streaming, MemoryAccess.None);
        Assert.That(Emit(plain, PtxTarget.Sm70), Does.StartWith(".version 6.0\n.target sm_70\n.address_size 64\n"));
        Assert.That(Emit(plain, PtxTarget.Sm80), Does.StartWith(".version 7.0\n.target sm_80\n"));
        Assert.That(Emit(plain, PtxTarget.Sm90a), Does.StartWith(".version 7.8\n.target sm_90\n"), "only what needs it is bound to one architecture");
        Assert.That(Emit(streaming, PtxTarget.Sm80), Does.StartWith(".version 7.4\n.target sm_80\n"));
        Assert.That(Emit(streaming, PtxTarget.Sm80), Does.Contain("ld.global.nc.L1::no_allocate.L2::128B.v4.f32"));
        Assert.That(Emit(streaming, PtxTarget.Sm70), Does.StartWith(".version 7.4\n.target sm_70\n").And.Contain("ld.global.nc.L1::no_allocate.v4.f32"));
    }

    [TestCase(90, 90, "sm_90a")]
    [TestCase(90, 78, "sm_90")]
    [TestCase(90, 77, "sm_87")]
    [TestCase(86, 90, "sm_86")]
    [TestCase(120, 84, "sm_90")]
    [TestCase(70, 60, "sm_70")]
    public void The_target_is_the_newest_that_the_device_and_its_driver_have(int computeCapability, int newest, string expected) =>
        Assert.That(PtxTarget.ForDevice(computeCapability, newest).ToString(), Is.EqualTo(expected));

    [Test]
    public void A_device_before_Volta_is_refused() =>
        Assert.That(() => PtxTarget.ForDevice(61, 90), Throws.TypeOf<NotSupportedException>().With.Message.Contains("6.1").And.Message.Contains("7.0"));

    [Test]
    public void The_text_is_ASCII_whatever_the_names()
    {
        KernelBuilder builder = new("Größe<T>");
        builder.StoreAt(builder.Global("Länge→"), builder.ThreadX(), Constant.Int32(1));
        builder.End(new Return());
        string text = Emit(builder.Kernel);
        Assert.That(text.All(char.IsAscii), text);
        Assert.That(text, Does.Contain(".visible .entry Gr__e_T_(").And.Contain("// L?nge?"));
    }

    [Test]
    public void Float_arithmetic_is_never_left_to_contraction()
    {
        foreach (OperationKernels.Operation operation in OperationKernels.Everything())
        {
            foreach (string line in Instructions(Emit(operation.Build())))
            {
                Assert.That(line, Does.Not.Match(@"^(add|sub|mul|fma|mad|div|sqrt)\.f(32|64)"), operation.Name);
            }
        }
    }

    [TestCase("NotEqual.f32", "setp.neu.f32")]
    [TestCase("NotEqual.unordered.f64", "setp.neu.f64")]
    [TestCase("Less.f32", "setp.lt.f32")]
    [TestCase("Less.unordered.f32", "setp.ltu.f32")]
    [TestCase("GreaterOrEqual.unordered.f64", "setp.geu.f64")]
    [TestCase("Less.unsigned.i64", "setp.lt.u64")]
    [TestCase("Max.f32", "max.NaN.f32")]
    [TestCase("Max.f64", "setp.nan.f64")]
    [TestCase("Min.ui32", "min.u32")]
    [TestCase("ShiftRight.i64", "shr.s64")]
    [TestCase("f32 to i32", "cvt.rzi.s32.f32")]
    [TestCase("f64 to ui64", "setp.nan.f64")]
    [TestCase("ui8 to f32", "cvt.rn.f32.u8")]
    [TestCase("f64 to f32", "cvt.rn.f32.f64")]
    [TestCase("RoundEven.f32", "cvt.rni.f32.f32")]
    [TestCase("fma.f64", "fma.rn.f64")]
    public void The_instruction_for_an_operation_is_the_one_with_its_semantics(string operation, string mnemonic) =>
        Assert.That(Instructions(Emit(operation)).Select(line => line.Split(' ')[0]), Does.Contain(mnemonic));

    [Test]
    public void Addresses_scale_and_add_in_one_instruction_and_keep_constants_in_the_access()
    {
        KernelBuilder builder = new();
        Parameter values = builder.Global("values");
        Value thread = builder.ThreadX();
        Value start = builder.Element(values, thread, ScalarType.Float32, 12);
        Value sum = builder.Add(new Binary(BinaryOp.Add, builder.Add(new Load(start, ScalarType.Float32)),
            builder.Add(new Load(builder.Add(new PointerOffset(start, -16)), ScalarType.Float32))));
        builder.Add(new Store(start, sum));
        builder.End(new Return());
        string text = Emit(builder.Kernel);
        Assert.That(Instructions(text), Has.Exactly(1).Match("^mad.wide.s32 %rd2, %r0, 4, %rd1;"), text);
        Assert.That(text, Does.Contain("[%rd2+12]").And.Contain("[%rd2+-4]"));
        Assert.That(Instructions(text), Has.None.Match("^add.s64"));
    }

    [Test]
    public void An_address_that_is_also_a_value_has_its_constant_added()
    {
        KernelBuilder builder = new();
        Parameter values = builder.Global("values");
        Value address = builder.Add(new PointerOffset(values, 24));
        builder.Add(new Store(address, builder.Add(new Reinterpret(address, ScalarType.Int64))));
        builder.End(new Return());
        string[] lines = Instructions(Emit(builder.Kernel));
        Assert.That(lines, Has.Exactly(1).Match("^add.s64 %rd2, %rd1, 24;"));
        Assert.That(lines, Has.Exactly(1).EqualTo("st.global.u64 [%rd2], %rd2;"));
    }

    [Test]
    public void A_predicate_stays_one_when_it_is_branched_on()
    {
        string[] lines = Instructions(Emit(StructureKernels.Fibonacci()));
        Assert.That(lines, Has.None.StartsWith("selp"));
        Assert.That(lines, Has.Exactly(1).Match(@"^@!?%p0 bra"));
    }

    [Test]
    public void Values_nobody_uses_are_not_written()
    {
        KernelBuilder builder = new();
        Parameter values = builder.Global("values"), unused = builder.Global("unused");
        builder.Add(new Binary(BinaryOp.Divide, Constant.Int32(7), Constant.Int32(3)));
        builder.StoreAt(values, Constant.Int32(2), Constant.Int32(1));
        builder.End(new Return());
        string[] lines = Instructions(Emit(builder.Kernel));
        Assert.That(lines, Has.None.StartsWith("div"));
        Assert.That(lines, Has.Some.EqualTo("st.global.u32 [%rd1+8], 1;"));
        Assert.That(lines, Has.Some.Contain($"kernel_param_{unused.Index}"), "its slot stays: parameters are passed by position");
        Assert.That(lines, Has.None.Contain($"[kernel_param_{unused.Index}]"));
    }

    [Test]
    public void Copies_on_an_edge_happen_at_once()
    {
        Random random = new(3);
        for (int round = 0; round < 500; round++)
        {
            int count = random.Next(1, 8);
            (string Target, string Source)[] copies = [.. Enumerable.Range(0, count)
                .Select(i => ($"%r{i}", random.Next(5) == 0 ? $"{100 + i}" : $"%r{random.Next(count + 2)}"))];
            Dictionary<string, string> state = Enumerable.Range(0, count + 2).ToDictionary(i => $"%r{i}", i => $"start{i}");
            Dictionary<string, string> expected = new(state);
            foreach ((string target, string source) in copies)
            {
                expected[target] = state.GetValueOrDefault(source, source);
            }
            int temporaries = 0;
            ParallelCopy.Sequence(copies, _ => $"%t{temporaries++}", (target, source) => state[target] = state.GetValueOrDefault(source, source));
            Assert.That(state.Where(pair => pair.Key[1] == 'r'), Is.EquivalentTo(expected), string.Join("; ", copies));
        }
    }

    [Test]
    public void Launch_bounds_come_from_the_group_size()
    {
        string text = Emit(StructureKernels.GroupSum(128, false));
        Assert.That(text, Does.Contain("\n.maxntid 128, 1, 1\n.minnctapersm 2\n{"));
        Assert.That(text, Does.Contain(".shared .align 16 .b8 shared_2[512];"));
        Assert.That(Emit(StructureKernels.GroupSum(128, true)), Does.Contain(".extern .shared .align 128 .b8 dynamic_shared[];"));
    }

    [Test]
    public void Too_much_static_shared_memory_is_refused_with_the_way_out()
    {
        KernelBuilder builder = new("Large");
        builder.StoreAt(builder.Allocate(AddressSpace.Shared, 50_000, 16), builder.ThreadX(), Constant.Int32(1));
        builder.End(new Return());
        Assert.That(() => Emit(builder.Kernel), Throws.TypeOf<KernelCompilationException>()
            .With.Message.Contains("Large").And.Message.Contains("50000").And.Message.Contains("dynamic shared memory"));
    }

    [Test]
    public void Unused_results_of_atomics_make_reductions()
    {
        string[] lines = Instructions(Emit(StructureKernels.AtomicKernel(AtomicOp.Add, ScalarType.Int32, false, AddressSpace.Global, wantsOld: false)));
        Assert.That(lines, Has.Exactly(1).StartsWith("red.global.add.u32").And.None.StartsWith("atom"));
        lines = Instructions(Emit(StructureKernels.AtomicKernel(AtomicOp.Max, ScalarType.Float32, false, AddressSpace.Shared, wantsOld: false)));
        Assert.That(lines, Has.Exactly(1).StartsWith("atom.shared.cas.b32"), "there is no such instruction: compare and swap");
    }

    [TestCase(ShuffleKind.Index, 0, "idx", "0x1F")]
    [TestCase(ShuffleKind.Up, 32, "up", "0x0")]
    [TestCase(ShuffleKind.Down, 16, "down", "0x101F")]
    [TestCase(ShuffleKind.Up, 8, "up", "0x1800")]
    [TestCase(ShuffleKind.Xor, 4, "bfly", "0x1C1F")]
    public void Sub_warps_are_the_shuffles_third_operand(ShuffleKind kind, int width, string mode, string control) =>
        Assert.That(Instructions(Emit(StructureKernels.ShuffleKernel(kind, 1, width))),
            Has.Exactly(1).Match($@"^shfl\.sync\.{mode}\.b32 %r\d+, %r\d+, 1, {control}, 0xFFFFFFFF;"));

    [Test]
    public void A_shuffle_of_a_width_that_is_no_power_of_two_is_refused() =>
        Assert.That(() => Emit(StructureKernels.ShuffleKernel(ShuffleKind.Down, 1, 12)), Throws.TypeOf<KernelCompilationException>().With.Message.Contains("12"));
}
