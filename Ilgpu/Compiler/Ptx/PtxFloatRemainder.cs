using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// C#'s % of floats, exactly: there is no instruction for it, and a − b · trunc(a / b) is wrong for large quotients.
/// The mantissas are divided as integers, as many bits at a time as 64 bits hold beside a mantissa; the exponents' difference says how many are due.
/// </summary>
internal static class PtxFloatRemainder
{
    public static string Compute(PtxWriter writer, ScalarType type, string left, string right)
    {
        bool isDouble = type.Kind == ScalarKind.Float64;
        int mantissa = isDouble ? 52 : 23, width = isDouble ? 64 : 32;
        string infinity = isDouble ? "0x7FF0000000000000" : "0x7F800000", magnitudeMask = isDouble ? "0x7FFFFFFFFFFFFFFF" : "0x7FFFFFFF";
        RegisterClass own = isDouble ? RegisterClass.Bits64 : RegisterClass.Bits32;
        string done = writer.NewLabel("fmod_done"), loop = writer.NewLabel("fmod"), last = writer.NewLabel("fmod_last");

        string x = writer.Move(own, left);
        string result = writer.Move(own, x);
        string magnitudeX = Magnitude(x), magnitudeY = Magnitude(writer.Move(own, right));

        // NaN, an infinite dividend, a zero divisor: NaN. A dividend smaller than the divisor is its own remainder.
        string invalid = writer.Compute(RegisterClass.Predicate, "setp.ge.u64", magnitudeX, infinity);
        invalid = writer.Compute(RegisterClass.Predicate, "setp.gt.or.u64", magnitudeY, infinity, invalid);
        invalid = writer.Compute(RegisterClass.Predicate, "setp.eq.or.u64", magnitudeY, "0", invalid);
        writer.Write($"selp.b{width}", result, isDouble ? "0x7FF8000000000000" : "0x7FC00000", x, invalid);
        string finished = writer.Compute(RegisterClass.Predicate, "setp.lt.or.u64", magnitudeX, magnitudeY, invalid);
        writer.Line($"@{finished} bra {done};");

        (string exponentX, string mantissaX) = Decode(magnitudeX);
        (string exponentY, string mantissaY) = Decode(magnitudeY);
        string due = writer.Compute(RegisterClass.Bits32, "sub.s32", exponentX, exponentY);
        string rest = writer.Compute(RegisterClass.Bits64, "rem.u64", mantissaX, mantissaY);
        writer.Label(loop);
        string none = writer.Compute(RegisterClass.Predicate, "setp.le.s32", due, "0");
        writer.Line($"@{none} bra {last};");
        string step = writer.Compute(RegisterClass.Bits32, "min.s32", due, $"{63 - mantissa}");
        writer.Write("shl.b64", rest, rest, step);
        writer.Write("rem.u64", rest, rest, mantissaY);
        writer.Write("sub.s32", due, due, step);
        writer.Line($"bra {loop};");

        // back to a float: the leading bit moves up to its place, as far as the exponent allows; the sign is the dividend's
        writer.Label(last);
        string zeros = writer.Compute(RegisterClass.Bits32, "clz.b64", rest);
        string shift = writer.Compute(RegisterClass.Bits32, "sub.s32", zeros, $"{63 - mantissa}");
        string most = writer.Compute(RegisterClass.Bits32, "sub.s32", exponentY, "1");
        shift = writer.Compute(RegisterClass.Bits32, "min.s32", shift, most);
        string bits = writer.Compute(RegisterClass.Bits64, "shl.b64", rest, shift);
        string above = writer.Compute(RegisterClass.Bits32, "sub.s32", most, shift); // a leading bit in its place adds the last one
        string isZero = writer.Compute(RegisterClass.Predicate, "setp.eq.u64", rest, "0");
        above = writer.Compute(RegisterClass.Bits32, "selp.b32", "0", above, isZero);
        string wideExponent = writer.Compute(RegisterClass.Bits64, "cvt.u64.u32", above);
        string exponentBits = writer.Compute(RegisterClass.Bits64, "shl.b64", wideExponent, $"{mantissa}");
        bits = writer.Compute(RegisterClass.Bits64, "add.s64", bits, exponentBits);
        string own64 = isDouble ? bits : writer.Compute(RegisterClass.Bits32, "cvt.u32.u64", bits);
        string sign = writer.Compute(own, $"and.b{width}", x, isDouble ? "0x8000000000000000" : "0x80000000");
        writer.Write($"or.b{width}", result, own64, sign);
        writer.Label(done);
        return result;

        string Magnitude(string register)
        {
            string magnitude = writer.Compute(own, $"and.b{width}", register, magnitudeMask);
            return isDouble ? magnitude : writer.Compute(RegisterClass.Bits64, "cvt.u64.u32", magnitude);
        }

        // the value is mantissa · 2^exponent up to a common factor; subnormals have no leading bit and the least exponent
        (string Exponent, string Mantissa) Decode(string magnitude)
        {
            string field = writer.Compute(RegisterClass.Bits64, "shr.u64", magnitude, $"{mantissa}");
            string exponent = writer.Compute(RegisterClass.Bits32, "cvt.u32.u64", field);
            string fraction = writer.Compute(RegisterClass.Bits64, "and.b64", magnitude, $"0x{(1L << mantissa) - 1:X}");
            string leading = writer.Compute(RegisterClass.Bits64, "or.b64", fraction, $"0x{1L << mantissa:X}");
            string isSubnormal = writer.Compute(RegisterClass.Predicate, "setp.eq.s32", exponent, "0");
            return (writer.Compute(RegisterClass.Bits32, "max.s32", exponent, "1"),
                writer.Compute(RegisterClass.Bits64, "selp.b64", fraction, leading, isSubnormal));
        }
    }
}
