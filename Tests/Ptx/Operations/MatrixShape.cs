using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>Where the elements of m16n8kK fragments lie. A lane is 4g + t; registers hold 32 bits of neighbouring k, the lower k in the lower bits.</summary>
internal sealed class MatrixShape
{
    private readonly int _bits;
    private readonly Func<uint, double> _decode;
    private readonly string _result;

    public MatrixShape(int k, string type, string result)
    {
        _result = result;
        (_bits, _decode) = type switch
        {
            // only the top 19 bits of a tf32 operand are read
            "tf32" => (32, bits => (double)BitConverter.UInt32BitsToSingle(bits & 0xFFFFE000)),
            "f16" => (16, bits => Float16.Decode((ushort)bits)),
            "bf16" => (16, bits => BFloat16.Decode((ushort)bits)),
            "s8" => (8, bits => (sbyte)bits),
            "u8" => (8, bits => (byte)bits),
            "s4" => (4, bits => (int)(bits << 28) >> 28),
            "u4" => (4, bits => bits & 15),
            _ => (8, (Func<uint, double>)FloatFormat.ByName[type].Decode),
        };
        PerRegister = 32 / _bits;
        RightRegisters = k / (4 * PerRegister);
        LeftRegisters = 2 * RightRegisters;
    }

    public int PerRegister { get; }

    public int LeftRegisters { get; }

    public int RightRegisters { get; }

    /// <summary>Registers of C and D: f16 results lie in pairs.</summary>
    public int ResultRegisters => _result == "f16" ? 2 : 4;

    public string ResultOperand => _result == "f16" ? "b32" : _result;

    public (int Row, int Depth) Left(int lane, int register, int element) =>
        ((lane >> 2) + (8 * (register & 1)), (PerRegister * ((lane & 3) + (4 * (register >> 1)))) + element);

    public (int Depth, int Column) Right(int lane, int register, int element) => ((PerRegister * ((lane & 3) + (4 * register))) + element, lane >> 2);

    /// <summary>Row and column of the four values of C and D.</summary>
    public static (int Row, int Column) Result(int lane, int value) => ((lane >> 2) + (8 * (value >> 1)), (2 * (lane & 3)) + (value & 1));

    public int RegisterOf(int value) => _result == "f16" ? value >> 1 : value;

    public double Decode(uint register, int element) => _decode(_bits == 32 ? register : (register >> (_bits * element)) & ((1u << _bits) - 1));

    /// <summary>Adds a sum of products to an element of C and puts it into D.</summary>
    public void Accumulate(ref ulong c, ref uint d, int lane, int value, double sum, bool clamp)
    {
        ulong bits = Unsafe.Add(ref c, lane);
        if (_result == "s32")
        {
            long total = (int)bits + (long)sum;
            d = clamp ? (uint)(int)Math.Clamp(total, int.MinValue, int.MaxValue) : (uint)total;
        }
        else if (_result == "f32")
            d = BitConverter.SingleToUInt32Bits(Single32.Canonical((float)(BitConverter.UInt32BitsToSingle((uint)bits) + sum)));
        else
        {
            int shift = 16 * (value & 1);
            uint half = Float16.Encode(Float16.Decode((ushort)(bits >> shift)) + sum);
            d = shift == 0 ? half : (d & 0xFFFF) | (half << 16);
        }
    }
}
