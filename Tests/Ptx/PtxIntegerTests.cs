using System.Numerics;

namespace Managed.Tests.Ptx;

/// <summary>Integer instructions against C#'s own arithmetic.</summary>
public class PtxIntegerTests
{
    private static readonly ulong[] Edges =
    [
        0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 65, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x1_0000_0000,
        long.MaxValue, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 1, 0x0123456789ABCDEF, 0xFEDCBA9876543210, 0x8000_0000_8000_0000,
    ];

    private static readonly (ulong A, ulong B, ulong C)[] Cases = MakeCases();

    private static (ulong, ulong, ulong)[] MakeCases()
    {
        var random = new Random(1);
        var cases = new List<(ulong, ulong, ulong)>();
        for (int i = 0; i < 841; i++)
            cases.Add((Edges[i % 29], Edges[i / 29], Edges[random.Next(29)]));
        while (cases.Count < 1024)
            cases.Add(((ulong)random.NextInt64(), (ulong)random.NextInt64() << random.Next(64), (ulong)random.NextInt64()));
        return [.. cases];
    }

    /// <summary>An instruction, the register of its result, and what C# says; results are compared in the register's width.</summary>
    public static IEnumerable<TestCaseData> Instructions()
    {
        static TestCaseData Make(string code, string result, Func<ulong, ulong, ulong, ulong> expected) => new TestCaseData(code, result, expected).SetArgDisplayNames(code);

        yield return Make("add.s32 r0,r1,r2;", "r0", (a, b, _) => (uint)a + (uint)b);
        yield return Make("add.u16 h0,h1,h2;", "h0", (a, b, _) => (ushort)(a + b));
        yield return Make("sub.u64 rd0,rd1,rd2;", "rd0", (a, b, _) => a - b);
        yield return Make("add.sat.s32 r0,r1,r2;", "r0", (a, b, _) => (ulong)Math.Clamp((long)(int)a + (int)b, int.MinValue, int.MaxValue));
        yield return Make("sub.sat.s32 r0,r1,r2;", "r0", (a, b, _) => (ulong)Math.Clamp((long)(int)a - (int)b, int.MinValue, int.MaxValue));
        yield return Make("mul.lo.s32 r0,r1,r2;", "r0", (a, b, _) => (uint)a * (uint)b);
        yield return Make("mul.lo.u64 rd0,rd1,rd2;", "rd0", (a, b, _) => a * b);
        yield return Make("mul.hi.u32 r0,r1,r2;", "r0", (a, b, _) => (ulong)(uint)a * (uint)b >> 32);
        yield return Make("mul.hi.s32 r0,r1,r2;", "r0", (a, b, _) => (ulong)((long)(int)a * (int)b >> 32));
        yield return Make("mul.hi.u64 rd0,rd1,rd2;", "rd0", (a, b, _) => Math.BigMul(a, b, out _));
        yield return Make("mul.hi.s64 rd0,rd1,rd2;", "rd0", (a, b, _) => (ulong)(((Int128)(long)a * (long)b) >> 64));
        yield return Make("mul.hi.s16 h0,h1,h2;", "h0", (a, b, _) => (ushort)((short)a * (short)b >> 16));
        yield return Make("mul.wide.s32 rd0,r1,r2;", "rd0", (a, b, _) => (ulong)((long)(int)a * (int)b));
        yield return Make("mul.wide.u32 rd0,r1,r2;", "rd0", (a, b, _) => (ulong)(uint)a * (uint)b);
        yield return Make("mul.wide.u16 r0,h1,h2;", "r0", (a, b, _) => (uint)(ushort)a * (ushort)b);
        yield return Make("mad.lo.s32 r0,r1,r2,r3;", "r0", (a, b, c) => ((uint)a * (uint)b) + (uint)c);
        yield return Make("mad.hi.u32 r0,r1,r2,r3;", "r0", (a, b, c) => (uint)((ulong)(uint)a * (uint)b >> 32) + (uint)c);
        yield return Make("mad.wide.s32 rd0,r1,r2,rd3;", "rd0", (a, b, c) => (ulong)((long)(int)a * (int)b) + c);
        yield return Make("mad.wide.u32 rd0,r1,8,rd3;", "rd0", (a, _, c) => ((ulong)(uint)a * 8) + c);
        yield return Make("sad.s32 r0,r1,r2,r3;", "r0", (a, b, c) => (ulong)Math.Abs((long)(int)a - (int)b) + (uint)c);
        yield return Make("div.u32 r0,r1,r2;", "r0", (a, b, _) => (uint)b == 0 ? uint.MaxValue : (uint)a / (uint)b);
        yield return Make("rem.u32 r0,r1,r2;", "r0", (a, b, _) => (uint)b == 0 ? uint.MaxValue : (uint)a % (uint)b);
        yield return Make("div.s64 rd0,rd1,rd2;", "rd0", (a, b, _) => b == 0 ? ulong.MaxValue : (long)b == -1 ? 0 - a : (ulong)((long)a / (long)b));
        yield return Make("rem.s32 r0,r1,r2;", "r0", (a, b, _) => (int)b == 0 ? ulong.MaxValue : (int)b == -1 ? 0 : (ulong)((int)a % (int)b));
        yield return Make("neg.s32 r0,r1;", "r0", (a, _, _) => 0 - a);
        yield return Make("abs.s32 r0,r1;", "r0", (a, _, _) => (int)a == int.MinValue ? 0x80000000 : (ulong)Math.Abs((int)a));
        yield return Make("abs.s16 h0,h1;", "h0", (a, _, _) => (short)a == short.MinValue ? 0x8000 : (ulong)Math.Abs((short)a));
        yield return Make("min.s64 rd0,rd1,rd2;", "rd0", (a, b, _) => (ulong)Math.Min((long)a, (long)b));
        yield return Make("max.u16 h0,h1,h2;", "h0", (a, b, _) => Math.Max((ushort)a, (ushort)b));
        yield return Make("and.b32 r0,r1,r2;", "r0", (a, b, _) => a & b);
        yield return Make("or.b64 rd0,rd1,rd2;", "rd0", (a, b, _) => a | b);
        yield return Make("xor.b16 h0,h1,h2;", "h0", (a, b, _) => a ^ b);
        yield return Make("not.b64 rd0,rd1;", "rd0", (a, _, _) => ~a);
        yield return Make("cnot.b32 r0,r1;", "r0", (a, _, _) => (uint)a == 0 ? 1UL : 0);
        yield return Make("lop3.b32 r0,r1,r2,r3,0x96;", "r0", (a, b, c) => a ^ b ^ c);
        yield return Make("lop3.b32 r0,r1,r2,r3,0xCA;", "r0", (a, b, c) => (a & b) | (~a & c));
        // amounts from the width on clamp, they are not masked as C# does
        yield return Make("shl.b32 r0,r1,r2;", "r0", (a, b, _) => (uint)b >= 32 ? 0 : (ulong)((uint)a << (int)b));
        yield return Make("shl.b64 rd0,rd1,r2;", "rd0", (a, b, _) => (uint)b >= 64 ? 0 : a << (int)b);
        yield return Make("shl.b16 h0,h1,r2;", "h0", (a, b, _) => (uint)b >= 16 ? 0UL : (ushort)(a << (int)b));
        yield return Make("shr.u32 r0,r1,r2;", "r0", (a, b, _) => (uint)b >= 32 ? 0 : (uint)a >> (int)b);
        yield return Make("shr.s32 r0,r1,r2;", "r0", (a, b, _) => (ulong)((int)a >> (int)Math.Min((uint)b, 31)));
        yield return Make("shr.s64 rd0,rd1,r2;", "rd0", (a, b, _) => (ulong)((long)a >> (int)Math.Min((uint)b, 63)));
        yield return Make("shr.s16 h0,h1,r2;", "h0", (a, b, _) => (ushort)((short)a >> (int)Math.Min((uint)b, 15)));
        yield return Make("shf.l.wrap.b32 r0,r1,r2,r3;", "r0", (a, b, c) => (uint)(((b << 32) | (uint)a) << ((int)c & 31) >> 32));
        yield return Make("shf.r.clamp.b32 r0,r1,r2,r3;", "r0", (a, b, c) => (uint)(((b << 32) | (uint)a) >> (int)Math.Min((uint)c, 32)));
        yield return Make("popc.b64 r0,rd1;", "r0", (a, _, _) => (ulong)BitOperations.PopCount(a));
        yield return Make("clz.b32 r0,r1;", "r0", (a, _, _) => (ulong)BitOperations.LeadingZeroCount((uint)a));
        yield return Make("clz.b64 r0,rd1;", "r0", (a, _, _) => (ulong)BitOperations.LeadingZeroCount(a));
        yield return Make("brev.b32 r0,r1; clz.b32 r0,r0;", "r0", (a, _, _) => (ulong)BitOperations.TrailingZeroCount((uint)a));
        yield return Make("bfind.u32 r0,r1;", "r0", (a, _, _) => (uint)a == 0 ? uint.MaxValue : (ulong)BitOperations.Log2((uint)a));
        yield return Make("bfind.shiftamt.u64 r0,rd1;", "r0", (a, _, _) => a == 0 ? uint.MaxValue : (ulong)BitOperations.LeadingZeroCount(a));
        yield return Make("bfe.u32 r0,r1,8,12;", "r0", (a, _, _) => (a >> 8) & 0xFFF);
        yield return Make("bfe.s32 r0,r1,28,8;", "r0", (a, _, _) => (ulong)((int)a >> 28));
        yield return Make("bfi.b32 r0,r1,r2,4,8;", "r0", (a, b, _) => (b & ~0xFF0UL) | ((a & 0xFF) << 4));
        yield return Make("bfi.b64 rd0,rd1,rd2,60,8;", "rd0", (a, b, _) => (b & 0x0FFF_FFFF_FFFF_FFFF) | (a << 60));
        yield return Make("prmt.b32 r0,r1,r2,0x5410;", "r0", (a, b, _) => (a & 0xFFFF) | (b << 16));
        yield return Make("prmt.b32 r0,r1,r2,0x7632;", "r0", (a, b, _) => ((uint)a >> 16) | (b & 0xFFFF0000));
        yield return Make("prmt.b32 r0,r1,r2,0x8888;", "r0", (a, _, _) => (sbyte)a < 0 ? uint.MaxValue : 0UL);
        yield return Make("dp4a.s32.s32 r0,r1,r2,r3;", "r0", (a, b, c) => (uint)c + (uint)Enumerable.Range(0, 4).Sum(i => (sbyte)(a >> (8 * i)) * (sbyte)(b >> (8 * i))));
        yield return Make("dp4a.u32.s32 r0,r1,r2,r3;", "r0", (a, b, c) => (uint)c + (uint)Enumerable.Range(0, 4).Sum(i => (byte)(a >> (8 * i)) * (sbyte)(b >> (8 * i))));
        yield return Make("dp2a.hi.s32.u32 r0,r1,r2,r3;", "r0", (a, b, c) => (uint)c + (uint)Enumerable.Range(0, 2).Sum(i => (short)(a >> (16 * i)) * (byte)(b >> (16 + (8 * i)))));
        yield return Make("add.cc.u32 r0,r1,r2; addc.u32 r0,r3,0;", "r0", (a, b, c) => (uint)c + (uint)(((ulong)(uint)a + (uint)b) >> 32));
        yield return Make("sub.cc.u64 rd0,rd1,rd2; subc.u64 rd0,rd3,0;", "rd0", (a, b, c) => c - (a < b ? 1u : 0));
        yield return Make("mov.b32 r0,{h1,h2};", "r0", (a, b, _) => (a & 0xFFFF) | (b << 16));
        yield return Make("mov.b64 {r4,r5},rd1; add.u32 r0,r4,r5;", "r0", (a, _, _) => (uint)a + (uint)(a >> 32));
        yield return Make("mov.b64 rd0,{h1,h2,h3,h1};", "rd0", (a, b, c) => (a & 0xFFFF) | ((b & 0xFFFF) << 16) | ((c & 0xFFFF) << 32) | (a << 48));
        yield return Make("cvt.s32.s8 r0,r1;", "r0", (a, _, _) => (ulong)(sbyte)a);
        yield return Make("cvt.u32.u8 r0,r1;", "r0", (a, _, _) => (byte)a);
        yield return Make("cvt.s64.s32 rd0,r1;", "rd0", (a, _, _) => (ulong)(int)a);
        yield return Make("cvt.u64.u32 rd0,r1;", "rd0", (a, _, _) => (uint)a);
        yield return Make("cvt.sat.s8.s32 r0,r1;", "r0", (a, _, _) => (ulong)Math.Clamp((int)a, -128, 127));
        yield return Make("cvt.sat.u8.s32 r0,r1;", "r0", (a, _, _) => (ulong)Math.Clamp((int)a, 0, 255));
        yield return Make("cvt.sat.s32.s64 r0,rd1;", "r0", (a, _, _) => (ulong)Math.Clamp((long)a, int.MinValue, int.MaxValue));
        yield return Make("cvt.pack.sat.s8.s32.b32 r0,r1,r2,r3;", "r0", (a, b, c) => (c << 16) | ((ulong)(byte)Math.Clamp((int)a, -128, 127) << 8) | (byte)Math.Clamp((int)b, -128, 127));
        yield return Make("setp.lt.s32 p0,r1,r2;", "p0", (a, b, _) => (int)a < (int)b ? 1u : 0);
        yield return Make("setp.lt.u32 p0,r1,r2;", "p0", (a, b, _) => (uint)a < (uint)b ? 1u : 0);
        yield return Make("setp.hs.u64 p0,rd1,rd2;", "p0", (a, b, _) => a >= b ? 1u : 0);
        yield return Make("setp.eq.s16 p1,h1,h2; setp.ne.or.b32 p0,r1,r3,p1;", "p0", (a, b, c) => (short)a == (short)b || (uint)a != (uint)c ? 1u : 0);
        yield return Make("setp.gt.s32 p1|p0,r1,r2;", "p0", (a, b, _) => (int)a > (int)b ? 0UL : 1);
        yield return Make("setp.lt.s32 p1,r1,r2; selp.b32 r0,r1,r2,p1;", "r0", (a, b, _) => (ulong)Math.Min((int)a, (int)b));
        yield return Make("setp.lt.s32 p1,r1,r2; mov.u32 r0,r2; @p1 mov.u32 r0,r1; @!p1 add.u32 r0,r0,1;", "r0", (a, b, _) => (int)a < (int)b ? a : b + 1);
        yield return Make("setp.eq.u32 p1,r1,r2; setp.lt.u32 p2,r2,r3; xor.pred p0,!p1,p2;", "p0", (a, b, c) => ((uint)a != (uint)b) ^ ((uint)b < (uint)c) ? 1u : 0);
        yield return Make("slct.s32.s32 r0,r1,r2,r3;", "r0", (a, b, c) => (int)c >= 0 ? a : b);
        yield return Make("set.lt.u32.s32 r0,r1,r2;", "r0", (a, b, _) => (int)a < (int)b ? uint.MaxValue : 0);
    }

    [TestCaseSource(nameof(Instructions))]
    public void An_integer_instruction_computes_what_CSharp_does(string code, string result, Func<ulong, ulong, ulong, ulong> expected)
    {
        ulong width = result.StartsWith("rd") ? ulong.MaxValue : result[0] == 'h' ? 0xFFFFUL : result[0] == 'p' ? 1UL : uint.MaxValue;
        ulong[] results = Snippet.Run(code, result, Cases);
        for (int i = 0; i < Cases.Length; i++)
            Assert.That(results[i], Is.EqualTo(expected(Cases[i].A, Cases[i].B, Cases[i].C) & width), $"{code} for 0x{Cases[i].A:X}, 0x{Cases[i].B:X}, 0x{Cases[i].C:X}");
    }

    [Test]
    public void Bit_fields_of_any_place_and_length_follow_their_definition()
    {
        var cases = new List<(ulong, ulong, ulong)>();
        for (ulong position = 0; position < 34; position++)
            for (ulong length = 0; length < 30; length++)
                cases.Add((0x9ABCDEF1, position, length));
        ulong[] unsigned = Snippet.Run("bfe.u32 r0,r1,r2,r3;", "r0", [.. cases]), signed = Snippet.Run("bfe.s32 r0,r1,r2,r3;", "r0", [.. cases]);
        for (int i = 0; i < cases.Count; i++)
        {
            (ulong value, ulong position, ulong length) = cases[i];
            ulong field = (value >> (int)position) & ((1UL << (int)length) - 1);
            Assert.That(unsigned[i], Is.EqualTo(field), $"bfe.u32 {position}, {length}");
            // bits past the top repeat the sign, which is the field's last bit that exists; length 0 gives 0
            bool negative = length > 0 && ((value >> (int)Math.Min(position + length - 1, 31)) & 1) != 0;
            int kept = (int)Math.Min(length, position > 31 ? 0 : 32 - position);
            ulong extended = negative ? (field | (ulong.MaxValue << kept)) & uint.MaxValue : field;
            Assert.That(signed[i], Is.EqualTo(extended), $"bfe.s32 {position}, {length}");
        }
    }

    [TestCase(0xFFFFFFFFu, 0xFFFFFFFFu)]
    [TestCase(0xFFFFFFEFu, 4u)]
    [TestCase(0u, 0xFFFFFFFFu)]
    [TestCase(17u, 4u)]
    public void Bfind_of_signed_numbers_ignores_copies_of_the_sign(uint value, uint expected) =>
        Assert.That(Snippet.One("bfind.s32 r0,r1;", "r0", value), Is.EqualTo(expected));
}
