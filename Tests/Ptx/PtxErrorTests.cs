namespace Managed.Tests.Ptx;

/// <summary>What is wrong is reported, with the line and its text.</summary>
public class PtxErrorTests
{
    [TestCase("frobnicate.u32 r0,r1;", "unknown instruction 'frobnicate'")]
    [TestCase("add.b32 r0,r1,r2;", "no known combination")]
    [TestCase("mul.s32 r0,r1,r2;", "no known combination")]
    [TestCase("fma.f32 f0,f1,f2,f3;", "no known combination")]
    [TestCase("add.s32 r0,f1,r2;", "operand 2, f1: the register is .f32, the instruction wants .s32")]
    [TestCase("add.s32 r0,rd1,r2;", "the register is .b64")]
    [TestCase("add.s32 r0,r1;", "takes 3 operands, found 2")]
    [TestCase("add.s32 r0,r1,nothing;", "is not defined")]
    [TestCase("add.s32 r0,r1,r64;", "is not defined")]
    [TestCase("add.f32 f0,f1,1;", "write floats as 0f")]
    [TestCase("add.s32 r0,r1,1.0;", "floating point")]
    [TestCase("add.u16 h0,h1,70000;", "does not fit")]
    [TestCase("fma.rn.bf16x2 r0,r1,0x3F803F80,r2;", "a register of type .bf16x2")]
    [TestCase("ld.global.f32 f0,[r1];", "an address of this space")]
    [TestCase("ld.global.v4.f32 {f0,f1},[rd1];", "a vector of 4")]
    [TestCase("ld.global.v2.f32 {f0,f0},[rd1];", "stands twice")]
    [TestCase("add.s32 r0,r40,r1;", "register r40 is read but never written")]
    [TestCase("bra $nowhere;", "no label")]
    [TestCase("@r1 add.s32 r0,r1,r1;", "no predicate register")]
    [TestCase("bar.sync 16;", "barrier 16")]
    [TestCase("bar.sync 1,48;", "multiple of 32")]
    [TestCase("cp.async.cg.shared.global [r1],[rd1],8;", "copies 16 bytes")]
    [TestCase(".shared .align 4 .b8 big[49156];", "at most 49152")]
    [TestCase(".reg .b32 r1; .reg .b32 r1;", "defined twice")]
    [TestCase("ld.param.u32 r0,[inputs+8];", "outside the 8 bytes of inputs")]
    [TestCase("st.param.u64 [inputs],rd1;", "read-only")]
    public void A_bad_statement_is_refused(string code, string message) =>
        Assert.That(Snippet.Error(code), Does.Contain(message).And.Contain("line "));

    [TestCase(".version 7.0\n.target sm_90\n.address_size 64\n", "needs at least .version 7.8")]
    [TestCase(".version 9.9\n.target sm_90\n.address_size 64\n", "newer than 9.0")]
    [TestCase(".version 8.0\n.target sm_91\n.address_size 64\n", "unknown target")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 32\n", "only .address_size 64")]
    [TestCase(".target sm_80\n", "expected .version")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n// caf\u00e9\n", "not ASCII")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.reg .b32 r;\n", "not allowed outside functions")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.shared .f32 x = 1.0;\n", "no initial value")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.entry k() { .reg .b32 r; mov.u32 r,1; }\n", "can run past its end")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.entry k(.param .b8 p[5000]) { ret; }\n.entry k() { ret; }", "4352|more than|twice")]
    [TestCase(".version 8.0\n.target sm_80\n.address_size 64\n.entry k() .maxntid 32 .reqntid 32 { ret; }\n", "exclude each other")]
    public void A_bad_module_is_refused(string text, string message) =>
        Assert.That(Assert.Throws<PtxException>(() => PtxModule.Parse(text))!.Message, Does.Match(message));

    [Test]
    public void An_error_names_the_line_and_its_text()
    {
        var exception = Assert.Throws<PtxException>(() => PtxModule.Parse(".version 8.0\n.target sm_80\n.address_size 64\n.entry k() {\n  add.s8 a,b,c;\n ret; }\n"));
        Assert.That(exception!.Line, Is.EqualTo(5));
        Assert.That(exception.Message, Does.Contain("add.s8 a,b,c;"));
    }

    [TestCase("ld.global.u32 r0,[%in+2];", "not a multiple")]
    [TestCase("ld.global.v4.u32 {r4,r5,r6,r7},[%in+8];", "not a multiple")]
    [TestCase("ld.global.u32 r0,[%in+4096];", "in no allocation")]
    [TestCase("mov.u64 rd4,0; st.global.u32 [rd4],r1;", "in no allocation")]
    [TestCase(".shared .u32 s; mov.u32 r4,s; ld.shared.u32 r0,[r4+64];", "outside the block's")]
    [TestCase(".shared .u32 s; ld.shared.u32 r0,[s];", "nobody has written")]
    [TestCase(".local .u32 l[2]; mov.u32 r4,l; st.local.u32 [r4+32],r1;", "local address")]
    [TestCase("ld.global.nc.u64 rd4,[%out]; st.global.u64 [%out],rd4;", "read through .nc")]
    [TestCase("setp.eq.u32 p1,%t,3; @p1 mov.u32 r4,1; add.u32 r0,r4,1;", "register r4 is read before it was written")]
    [TestCase("setp.eq.u32 p1,%t,3; @p1 trap;", "trapped")]
    [TestCase(".shared .u32 s; setp.eq.u32 p1,%t,0; @p1 st.shared.u32 [s],1; ld.shared.u32 r0,[s];", "nobody has written|data race")]
    [TestCase(".shared .u32 s; setp.eq.u32 p1,%t,0; @p1 st.shared.u32 [s],1; bar.sync 0; setp.eq.u32 p2,%t,33; @p2 st.shared.u32 [s],2; ld.shared.u32 r0,[s];", "data race")]
    [TestCase(".shared .u32 s; st.shared.u32 [s],%t;", "data race")]
    [TestCase("setp.lt.u32 p1,%t,16; @p1 bra $end; bar.sync 0; bra $out; $end: bar.sync 1; $out:", "deadlock")]
    [TestCase("setp.lt.u32 p1,%t,16; @p1 exit; shfl.sync.idx.b32 r0,%t,0,31,-1;", "have ended")]
    [TestCase("setp.eq.u32 p1,%t,5; @p1 bra $end; shfl.sync.idx.b32 r0,%t,5,31,-1; $end:", "deadlock|have ended")]
    [TestCase("shfl.sync.idx.b32 r0,%t,0,31,1;", "not in its own member mask")]
    [TestCase("setp.lt.u32 p1,%t,32; @p1 bar.sync 0,96; @!p1 bar.sync 0,64;", "under way with count")]
    [TestCase("setp.eq.u32 p1,%t,5; @p1 bra.uni $end; mov.u32 r0,1; $end:", "marked .uni")]
    [TestCase("ways: .branchtargets $a,$a; mov.u32 r4,2; brx.idx r4,ways; $a:", "not below the 2")]
    public void A_fault_while_running_is_reported(string code, string message)
    {
        string error = Snippet.Error(code.Replace("$a:", "$a: mov.u32 r9,0;").Replace("$end:", "$end: mov.u32 r9,0;"), threads: 64);
        Assert.That(error, Does.Match(message).And.Contain("line "));
        if (!error.Contains("deadlock") && !error.Contains("ended"))
            Assert.That(error, Does.Contain("block (0,0,0)"));
    }

    [Test]
    public void Ordered_accesses_to_shared_memory_are_no_race()
    {
        const string code = """
            .shared .align 4 .b8 box[128];
            mov.u32 r10, box; mad.lo.u32 r11, r1, 4, r10; xor.b32 r12, r1, 1; mad.lo.u32 r12, r12, 4, r10;
            st.shared.u32 [r11], r1; bar.warp.sync -1; ld.shared.u32 r0, [r12];
            """;
        (ulong, ulong, ulong)[] lanes = [.. Enumerable.Range(0, 32).Select(i => ((ulong)i, 0UL, 0UL))];
        Assert.That(Snippet.Run(code, "r0", lanes), Is.EqualTo(Enumerable.Range(0, 32).Select(i => (ulong)(i ^ 1))));
        Assert.That(Snippet.Error(code.Replace("bar.warp.sync -1;", "") + ""), Does.Contain("data race").Or.Contain("nobody"));
    }

    [Test]
    public void A_copy_under_way_may_not_be_read()
    {
        const string code = ".shared .align 16 .b8 box[16]; mov.u32 r10,box; cp.async.ca.shared.global [r10],[%in],4; cp.async.commit_group; {0} ld.shared.u32 r0,[r10];";
        Assert.That(Snippet.Error(code.Replace("{0}", ""), threads: 1), Does.Contain("cp.async"));
        Assert.That(Snippet.Error(code.Replace("{0}", "cp.async.wait_group 1;"), threads: 1), Does.Contain("cp.async"));
        Assert.That(Snippet.One(code.Replace("{0}", "cp.async.wait_group 0;"), "r0", 1234), Is.EqualTo(1234));
        Assert.That(Snippet.One(code.Replace("{0}", "cp.async.wait_all;").Replace(",4;", ",4,2;"), "r0", 0x12345678), Is.EqualTo(0x5678));
    }

    [Test]
    public void A_race_between_blocks_is_found_when_asked_for()
    {
        PtxModule module = PtxModule.Parse(Snippet.Module("st.global.u64 [%out],rd1;", ""));
        var machine = new PtxMachine();
        ulong inputs = machine.Allocate<ulong>(new ulong[96]), outputs = machine.Allocate(256);
        machine.Launch(module, "snippet", 2, 32, 0, [inputs, outputs]);
        var exception = Assert.Throws<PtxException>(() => machine.Launch(module, "snippet", 2, 32, 0, [inputs, outputs], new LaunchOptions { FindGlobalRaces = true }));
        Assert.That(exception!.Message, Does.Contain("data race").And.Contain("block (0,0,0)"));
    }

    [Test]
    public void A_launch_that_does_not_fit_the_entry_is_refused()
    {
        PtxModule module = PtxModule.Parse(Snippet.Module("", "").Replace("outputs)", "outputs) .reqntid 64, 1, 1"));
        var machine = new PtxMachine();
        Assert.That(Assert.Throws<PtxException>(() => machine.Launch(module, "snippet", 1, 32, 0, [0, 0]))!.Message, Does.Contain("requires blocks of 64"));
        Assert.That(Assert.Throws<PtxException>(() => machine.Launch(module, "snippet", 1, 64, 0, [0]))!.Message, Does.Contain("2 parameters"));
        Assert.That(Assert.Throws<PtxException>(() => machine.Launch(module, "snippet", 1, 64, 300_000, [0, 0]))!.Message, Does.Contain("shared memory exceed"));
    }
}
