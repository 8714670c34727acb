namespace Managed.Tests.Ptx;

/// <summary>Warps: shuffles, votes, divergence, barriers, atomics.</summary>
public class PtxWarpTests
{
    /// <summary>A case for each of a block's threads: its number in a, b and c given.</summary>
    private static (ulong, ulong, ulong)[] Threads(int count, ulong b = 0, ulong c = 0) => [.. Enumerable.Range(0, count).Select(i => ((ulong)i, b, c))];

    [TestCase(32)]
    [TestCase(16)]
    [TestCase(8)]
    [TestCase(2)]
    public void Shuffles_stay_in_their_segment(int width)
    {
        int segment = (32 - width) << 8;
        for (int operand = 0; operand < 32; operand += 5)
        {
            ulong[] Of(string mode, int control) => Snippet.Run($"add.u32 r1,r1,100; shfl.sync.{mode}.b32 r0|p0,r1,{operand},{control},-1; @!p0 add.u32 r0,r0,1000;", "r0", Threads(32));
            ulong[] index = Of("idx", segment | 31), across = Of("bfly", segment | 31), down = Of("down", segment | 31), up = Of("up", segment);
            for (int lane = 0; lane < 32; lane++)
            {
                int first = lane / width * width, place = lane % width;
                Assert.That(index[lane], Is.EqualTo(100 + first + (operand % width)));
                // across a segment's end only lower lanes are in range
                int partner = lane ^ operand;
                Assert.That(across[lane], Is.EqualTo(partner < first + width ? 100 + partner : 1100 + lane), $"width {width}, operand {operand}, lane {lane}");
                Check(down[lane], place + operand, place + operand < width);
                Check(up[lane], place - operand, place - operand >= 0);

                void Check(ulong found, int source, bool inRange) =>
                    Assert.That(found, Is.EqualTo(inRange ? 100 + first + source : 1100 + lane), $"width {width}, operand {operand}, lane {lane}");
            }
        }
    }

    [Test]
    public void A_butterfly_of_sums_leaves_the_same_sum_everywhere()
    {
        string code = string.Concat(new[] { 16, 8, 4, 2, 1 }.Select(step => $"shfl.sync.bfly.b32 r0,r1,{step},31,-1; add.u32 r1,r1,r0;"));
        Assert.That(Snippet.Run(code, "r1", Threads(64)), Is.EqualTo(Enumerable.Range(0, 64).Select(i => i < 32 ? 496UL : 1520)));
    }

    [Test]
    public void Votes_matches_and_reductions()
    {
        Assert.That(Snippet.Run("setp.lt.u32 p1,r1,5; vote.sync.ballot.b32 r0,p1,-1;", "r0", Threads(32)), Is.All.EqualTo(31));
        Assert.That(Snippet.Run("setp.lt.u32 p1,r1,32; vote.sync.all.pred p0,p1,-1;", "p0", Threads(32)), Is.All.EqualTo(1));
        Assert.That(Snippet.Run("setp.eq.u32 p1,r1,7; vote.sync.any.pred p0,p1,-1;", "p0", Threads(32)), Is.All.EqualTo(1));
        Assert.That(Snippet.Run("setp.eq.u32 p1,r1,7; vote.sync.uni.pred p0,p1,-1;", "p0", Threads(32)), Is.All.EqualTo(0));
        Assert.That(Snippet.Run("and.b32 r1,r1,1; match.any.sync.b32 r0,r1,-1;", "r0", Threads(32)), Is.EqualTo(Enumerable.Range(0, 32).Select(i => i % 2 == 0 ? 0x55555555UL : 0xAAAAAAAA)));
        Assert.That(Snippet.Run("match.all.sync.b64 r0|p0,rd2,-1;", "r0", Threads(32, b: 1UL << 40)), Is.All.EqualTo(uint.MaxValue));
        Assert.That(Snippet.Run("redux.sync.add.s32 r0,r1,-1;", "r0", Threads(32)), Is.All.EqualTo(496));
        Assert.That(Snippet.Run("sub.s32 r1,r1,5; redux.sync.min.s32 r0,r1,-1;", "r0", Threads(32)), Is.All.EqualTo(0xFFFFFFFBu));
        Assert.That(Snippet.Run("redux.sync.xor.b32 r0,r1,-1;", "r0", Threads(32)), Is.All.EqualTo(0));
        Assert.That(Snippet.Run("elect.sync r0|p0,-1;", "p0", Threads(32)), Is.EqualTo(Enumerable.Range(0, 32).Select(i => i == 0 ? 1UL : 0)));
    }

    [Test]
    public void Lanes_meet_again_after_a_divergent_loop()
    {
        // every lane goes round as often as its number says; afterwards all shuffle together
        const string code = "mov.u32 r0,0; $again: setp.ge.u32 p1,r0,r1; @p1 bra $out; add.u32 r0,r0,1; bra $again; $out: redux.sync.add.u32 r0,r0,-1;";
        Assert.That(Snippet.Run(code, "r0", Threads(32)), Is.All.EqualTo(496));
    }

    [Test]
    public void A_part_of_a_warp_may_shuffle_by_its_mask()
    {
        const string code = """
            mov.u32 r0, 7;
            setp.ge.u32 p1, r1, 16;
            @p1 bra $high;
            shfl.sync.idx.b32 r0, r1, 3, 31, 0x0000FFFF;
            bra $end;
            $high:
            shfl.sync.idx.b32 r0, r1, 20, 31, 0xFFFF0000;
            $end:
            """;
        Assert.That(Snippet.Run(code, "r0", Threads(32)), Is.EqualTo(Enumerable.Range(0, 32).Select(i => i < 16 ? 3UL : 20)));
    }

    [Test]
    public void A_lane_that_waits_for_another_of_its_warp_gets_what_it_waits_for()
    {
        // a lock that lanes of one warp take in turn: the holder stands further on in the program than those who spin
        const string code = """
            setp.eq.u32 p1, r1, 0;
            @p1 st.shared.u32 [lock], 0;
            @p1 st.shared.u32 [sum], 0;
            bar.sync 0;
            $take:
            atom.acquire.cta.shared.cas.b32 r4, [lock], 0, 1;
            setp.ne.u32 p2, r4, 0;
            @p2 bra $take;
            ld.shared.u32 r5, [sum];
            add.u32 r5, r5, r1;
            st.shared.u32 [sum], r5;
            atom.release.cta.shared.exch.b32 r4, [lock], 0;
            bar.sync 0;
            ld.shared.u32 r0, [sum];
            """;
        Assert.That(Snippet.Run(".shared .u32 lock; .shared .u32 sum; " + code, "r0", Threads(64)), Is.All.EqualTo(2016));
    }

    [Test]
    public void Barriers_reduce_over_the_block()
    {
        Assert.That(Snippet.Run("setp.lt.u32 p1,r1,70; bar.red.popc.u32 r0,0,p1;", "r0", Threads(96)), Is.All.EqualTo(70));
        Assert.That(Snippet.Run("setp.lt.u32 p1,r1,96; bar.red.and.pred p0,0,p1;", "p0", Threads(96)), Is.All.EqualTo(1));
        Assert.That(Snippet.Run("setp.eq.u32 p1,r1,95; barrier.cta.red.or.pred p0,1,96,p1;", "p0", Threads(96)), Is.All.EqualTo(1));
    }

    [Test]
    public void A_producer_arrives_and_a_consumer_waits()
    {
        const string code = """
            .shared .align 4 .b8 box[128];
            mov.u32 r10, box;
            and.b32 r4, r1, 31;
            mad.lo.u32 r5, r4, 4, r10;
            setp.ge.u32 p1, r1, 32;
            mov.u32 r0, 0;
            @p1 bra $consume;
            add.u32 r6, r1, 500;
            st.shared.u32 [r5], r6;
            bar.arrive 1, 64;
            bra $end;
            $consume:
            bar.sync 1, 64;
            ld.shared.u32 r0, [r5];
            $end:
            """;
        ulong[] results = Snippet.Run(code, "r0", Threads(64));
        Assert.That(results.Skip(32), Is.EqualTo(Enumerable.Range(500, 32).Select(i => (ulong)i)));
    }

    [Test]
    public void Threads_that_ended_are_not_waited_for() =>
        Assert.That(Snippet.Run("setp.ge.u32 p1,r1,32; @p1 exit; bar.sync 0; mov.u32 r0,r1;", "r0", Threads(96)).Take(32), Is.EqualTo(Enumerable.Range(0, 32).Select(i => (ulong)i)));

    [TestCase("add.u32", 496u, 10u)]
    [TestCase("min.s32", 0u, 10u)]
    [TestCase("max.u32", 31u, 10u)]
    [TestCase("or.b32", 31u, 10u)]
    [TestCase("xor.b32", 0u, 10u)]
    public void Atomics_of_a_block_come_to_the_sum_of_all(string operation, uint expected, uint start)
    {
        string code = $".shared .u32 cell; setp.eq.u32 p1,r1,0; @p1 st.shared.u32 [cell],{start}; bar.sync 0; red.shared.{operation} [cell],r1; bar.sync 0; ld.shared.u32 r0,[cell];";
        uint wanted = operation switch { "add.u32" => expected + start, "or.b32" => expected | start, "xor.b32" => expected ^ start, _ => expected };
        Assert.That(Snippet.Run(code, "r0", Threads(32)), Is.All.EqualTo(wanted));
    }

    [Test]
    public void Inc_and_dec_wrap_at_their_bound()
    {
        const string start = ".shared .u32 cell; setp.eq.u32 p1,r1,0; @p1 st.shared.u32 [cell],0; bar.sync 0; ";
        Assert.That(Snippet.Run(start + "atom.shared.inc.u32 r0,[cell],4;", "r0", Threads(32)), Is.EqualTo(Enumerable.Range(0, 32).Select(i => (ulong)(i % 5))));
        Assert.That(Snippet.Run(start + "atom.shared.dec.u32 r0,[cell],2;", "r0", Threads(6)), Is.EqualTo(new ulong[] { 0, 2, 1, 0, 2, 1 }));
    }

    [Test]
    public void Atomic_f32_sums_flush_subnormals_in_global_memory_only()
    {
        Assert.That(Snippet.One("st.global.u32 [%out],1; atom.global.add.f32 f4,[%out],f1; ld.global.f32 f0,[%out];", "f0", 1), Is.Zero);
        Assert.That(Snippet.One(".shared .f32 cell; st.shared.u32 [cell],1; red.shared.add.f32 [cell],f1; ld.shared.f32 f0,[cell];", "f0", 1), Is.EqualTo(2));
    }

    [Test]
    public void A_function_is_called_with_parameters_in_memory_or_registers()
    {
        const string functions = """
            .func (.param .b32 result) square(.param .b32 value) { .reg .b32 x; ld.param.b32 x,[value]; mul.lo.u32 x,x,x; st.param.b32 [result],x; ret; }
            .func (.reg .b32 sum) twice(.reg .b32 value) { .reg .pred big; setp.gt.u32 big,value,3; mov.u32 sum,0; @big ret; add.u32 sum,value,value; ret; }
            """;
        const string memory = "{ .param .b32 a; .param .b32 r; st.param.b32 [a],r1; call.uni (r),square,(a); ld.param.b32 r0,[r]; }";
        Assert.That(Snippet.Run(memory, "r0", Threads(4), functions), Is.EqualTo(new ulong[] { 0, 1, 4, 9 }));
        Assert.That(Snippet.Run("call (r0),twice,(r1);", "r0", Threads(6), functions), Is.EqualTo(new ulong[] { 0, 2, 4, 6, 0, 0 }));
    }

    [Test]
    public void An_indexed_branch_takes_each_lane_its_way()
    {
        const string code = "ways: .branchtargets $a,$b,$c; rem.u32 r4,r1,3; brx.idx r4,ways; $a: mov.u32 r0,10; bra $end; $b: mov.u32 r0,11; bra $end; $c: mov.u32 r0,12; $end:";
        Assert.That(Snippet.Run(code, "r0", Threads(6)), Is.EqualTo(new ulong[] { 10, 11, 12, 10, 11, 12 }));
    }
}
