namespace Managed.Tests.Ptx;

/// <summary>State spaces, parameters, addresses, order between threads.</summary>
public class PtxMemoryTests
{
    private static (ulong, ulong, ulong)[] Threads(int count, ulong b = 0, ulong c = 0) => [.. Enumerable.Range(0, count).Select(i => ((ulong)i, b, c))];

    private const string Tables = """
        .const .align 4 .f32 halves[4] = {0f3F000000, 0f3FC00000, 2.5, -3.5};
        .global .align 8 .b8 letters[8] = {65, 66, 0x43};
        .global .align 4 .u32 counter = 7;
        """;

    [Test]
    public void Variables_of_a_module_start_with_their_values_and_keep_what_is_written()
    {
        const string code = """
            ld.const.f32 f4,[halves+8]; mov.b32 r4,f4; ld.global.u8 r5,[letters+2];
            atom.global.add.u32 r6,[counter],1; add.u32 r6,r6,r5; mov.b64 rd4,{r4,r6};
            """;
        PtxModule module = PtxModule.Parse(Snippet.Module(code, "st.global.u64 [%out],rd4;", declarations: Tables));
        var machine = new PtxMachine();
        ulong inputs = machine.Allocate<ulong>(new ulong[3]), output = machine.Allocate(8);
        for (uint launch = 0; launch < 2; launch++)
        {
            machine.Launch(module, "snippet", 1, 1, 0, [inputs, output]);
            uint[] found = machine.Read<uint>(output, 2);
            Assert.That(BitConverter.UInt32BitsToSingle(found[0]), Is.EqualTo(2.5f));
            Assert.That(found[1], Is.EqualTo(0x43 + 7 + launch));
        }
        Assert.That(machine.Read<uint>(machine.AddressOf(module, "counter"), 1)[0], Is.EqualTo(9));
        var other = new PtxMachine();
        Assert.That(other.Read<uint>(other.AddressOf(module, "counter"), 1)[0], Is.EqualTo(7));
    }

    [Test]
    public void Generic_addresses_reach_every_space()
    {
        const string code = """
            .shared .align 8 .b64 s; .local .align 8 .b64 l;
            mov.u64 rd4, s; cvta.shared.u64 rd5, rd4; mov.u64 rd6, l; cvta.local.u64 rd7, rd6;
            st.u64 [rd5], rd1; st.u64 [rd7], rd2;
            ld.shared.u64 rd8, [rd4]; ld.local.u64 rd9, [rd6];
            isspacep.shared p1, rd5; isspacep.local p2, rd7; isspacep.global p3, %in; isspacep.shared p4, %in;
            cvta.to.shared.u64 rd10, rd5; sub.u64 rd10, rd10, rd4;
            mov.u64 rd0, 0; add.u64 rd8, rd8, rd9; add.u64 rd8, rd8, rd10;
            @p1 add.u64 rd0, rd8, 1000; @!p2 mov.u64 rd0, 0; @!p3 mov.u64 rd0, 0; @p4 mov.u64 rd0, 0;
            """;
        Assert.That(Snippet.One(code, "rd0", 5, 30), Is.EqualTo(1035));
    }

    [Test]
    public void Dynamic_shared_memory_begins_behind_the_static()
    {
        const string code = ".shared .align 4 .b8 fixed[20]; mov.u32 r4,dyn; mov.u32 r5,fixed; sub.u32 r0,r4,r5; mov.u32 r6,%dynamic_smem_size; mad.lo.u32 r0,r6,1000,r0; st.shared.u32 [dyn+44],r1;";
        PtxModule module = PtxModule.Parse(Snippet.Module(code, "cvt.u64.u32 rd4,r0; st.global.u64 [%out],rd4;", declarations: ".extern .shared .align 16 .b8 dyn[];"));
        var machine = new PtxMachine();
        ulong inputs = machine.Allocate<ulong>(new ulong[3]), output = machine.Allocate(8);
        machine.Launch(module, "snippet", 1, 1, 48, [inputs, output]);
        Assert.That(machine.Read<ulong>(output, 1)[0], Is.EqualTo(48032));
        Assert.That(Assert.Throws<PtxException>(() => machine.Launch(module, "snippet", 1, 1, 44, [inputs, output]))!.Message, Does.Contain("outside the block's"));
    }

    [Test]
    public void Parameters_lie_at_their_natural_alignment_and_structures_are_read_by_field()
    {
        const string text = """
            .version 7.0
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u8 small, .param .f64 wide, .param .align 8 .b8 view[24], .param .u64 out)
            {
                .reg .b32 %r<4>; .reg .b64 %rd<6>;
                ld.param.u8 %r0,[small]; ld.param.u64 %rd0,[out]; ld.param.u64 %rd1,[wide]; ld.param.v2.u64 {%rd2,%rd3},[view]; ld.param.s32 %r1,[view+20];
                cvt.u64.u32 %rd4,%r0; cvt.s64.s32 %rd5,%r1;
                st.global.u64 [%rd0],%rd4; st.global.u64 [%rd0+8],%rd1; st.global.v2.u64 [%rd0+16],{%rd2,%rd3}; st.global.u64 [%rd0+32],%rd5;
                ret;
            }
            """;
        PtxModule module = PtxModule.Parse(text);
        Assert.That(module.Entry("k").Parameters.Select(parameter => parameter.Offset), Is.EqualTo(new[] { 0, 8, 16, 40 }));
        var machine = new PtxMachine();
        ulong output = machine.Allocate(40);
        byte[] parameters = new byte[48];
        parameters[0] = 200;
        BitConverter.TryWriteBytes(parameters.AsSpan(8), 1.5);
        BitConverter.TryWriteBytes(parameters.AsSpan(16), 11L);
        BitConverter.TryWriteBytes(parameters.AsSpan(24), 12L);
        BitConverter.TryWriteBytes(parameters.AsSpan(36), -13);
        BitConverter.TryWriteBytes(parameters.AsSpan(40), output);
        machine.LaunchWithBytes(module, "k", 1, 1, 0, parameters);
        Assert.That(machine.Read<long>(output, 5), Is.EqualTo(new[] { 200, BitConverter.DoubleToInt64Bits(1.5), 11, 12, -13 }));
    }

    [Test]
    public void Narrow_loads_extend_and_narrow_stores_cut()
    {
        Assert.That(Snippet.One("ld.global.s8 r0,[%in+1];", "r0", 0x8000), Is.EqualTo(0xFFFFFF80));
        Assert.That(Snippet.One("ld.global.u8 rd0,[%in+1];", "rd0", 0x8000), Is.EqualTo(0x80));
        Assert.That(Snippet.One("ld.global.s16 rd0,[%in];", "rd0", 0x8000), Is.EqualTo(0xFFFFFFFFFFFF8000));
        Assert.That(Snippet.One("mov.u64 rd4,-1; st.global.u64 [%out],rd4; st.global.u8 [%out],r1; st.global.b16 [%out+4],h2; ld.global.u64 rd0,[%out];", "rd0", 0x1234, 0xABCDE), Is.EqualTo(0xFFFFBCDEFFFFFF34));
        Assert.That(Snippet.One("ld.global.v4.u16 {h0,_,_,h4},[%in]; add.u16 h0,h0,h4;", "h0", 0x0005_0000_0000_0007), Is.EqualTo(12));
    }

    [Test]
    public void A_flag_that_is_released_and_acquired_orders_the_data_behind_it()
    {
        // warp 1 writes, releases; warp 0 spins, acquires, reads
        const string code = """
            .shared .u32 flag; .shared .u32 data;
            setp.eq.u32 p1, r1, 0; @p1 st.shared.u32 [flag], 0; bar.sync 0;
            mov.u32 r0, 0;
            setp.eq.u32 p2, r1, 32; @!p2 bra $reader;
            st.shared.u32 [data], 99; STORE [flag], 1; bra $end;
            $reader: setp.ne.u32 p3, r1, 0; @p3 bra $end;
            $spin: LOAD r4, [flag]; setp.eq.u32 p4, r4, 0; @p4 bra $spin;
            ld.shared.u32 r0, [data];
            $end:
            """;
        string ordered = code.Replace("STORE", "st.release.cta.shared.u32").Replace("LOAD", "ld.acquire.cta.shared.u32");
        Assert.That(Snippet.Run(ordered, "r0", Threads(64))[0], Is.EqualTo(99));
        string fenced = code.Replace("STORE", "fence.acq_rel.cta; st.volatile.shared.u32").Replace("LOAD", "ld.volatile.shared.u32");
        Assert.That(Snippet.Run(fenced, "r0", Threads(64))[0], Is.EqualTo(99));
        string unordered = code.Replace("STORE", "st.relaxed.cta.shared.u32").Replace("LOAD", "ld.relaxed.cta.shared.u32");
        Assert.That(Snippet.Error(unordered.Replace("r1", "%t"), threads: 64), Does.Contain("data race"));
    }

    [Test]
    public void The_clock_advances_and_the_volatile_registers_are_there() =>
        Assert.That(Snippet.One("mov.u64 rd4,%clock64; mov.u64 rd5,%clock64; setp.gt.u64 p0,rd5,rd4;", "p0"), Is.EqualTo(1));

    [Test]
    public void Statistics_count_sectors_and_passes()
    {
        (string Code, long Sectors)[] accesses = [("mad.wide.u32 rd4,%t,4,rd5;", 4), ("mad.wide.u32 rd4,%t,32,rd5;", 32), ("add.u64 rd4,rd5,0;", 1)];
        foreach ((string code, long sectors) in accesses)
        {
            LaunchStatistics statistics = Run($"ld.param.u64 rd5,[inputs]; {code} ld.global.u32 r4,[rd4];", 1024);
            // the snippet's own three loads take 24 sectors of 24-byte rows each
            Assert.That(statistics.GlobalSectors - 72, Is.EqualTo(sectors), code);
        }
        (int Stride, long Passes)[] strides = [(4, 1), (8, 2), (32, 8), (132, 1)];
        foreach ((int stride, long passes) in strides)
            Assert.That(Run($".shared .align 4 .b8 s[4224]; mov.u32 r4,s; mad.lo.u32 r4,%t,{stride},r4; st.shared.u32 [r4],%t;", 1024).SharedPasses, Is.EqualTo(passes), $"stride {stride}");

        static LaunchStatistics Run(string code, int bytes)
        {
            var machine = new PtxMachine();
            return machine.Launch(PtxModule.Parse(Snippet.Module(code, "")), "snippet", 1, 32, 0, [machine.Allocate<byte>(new byte[bytes]), 0]);
        }
    }
}
