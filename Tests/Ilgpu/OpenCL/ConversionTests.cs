using System.Numerics;
using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Conversions between all scalar types have C#'s results on the OpenCL device: saturation, NaN, rounding, extension of signs.</summary>
internal sealed class ConversionTests
{
    [Test]
    public void FloatsBecomeIntegersTowardZeroSaturatingAndNaNBecomesZero()
    {
        FromFloat<float>();
        FromFloat<double>();
    }

    [Test]
    public void IntegersBecomeFloatsRoundedToNearestEven()
    {
        FromInteger<int>(false);
        FromInteger<uint>(true);
        FromInteger<long>(false);
        FromInteger<ulong>(true);
    }

    [Test]
    public void SmallIntegersAreExtendedByTheirSign()
    {
        FromInteger<sbyte>(false);
        FromInteger<byte>(true);
        FromInteger<short>(false);
        FromInteger<ushort>(true);
    }

    [Test]
    public void EveryHalfBecomesTheSameNumber()
    {
        Half[] halves = [.. Enumerable.Range(0, 65536).Select(bits => BitConverter.UInt16BitsToHalf((ushort)bits))];
        ElementwiseBatch batch = new(halves);
        batch.Add<float>("to float", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Float32)), i => (float)halves[i]);
        batch.Add<double>("to double", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Float64)), i => (double)halves[i]);
        batch.Add<int>("to int", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Int32)), i => int.CreateSaturating((float)halves[i]));
        batch.Add<short>("bits", (builder, x) => builder.Add(new Reinterpret(x[0], ScalarType.Int16)), i => BitConverter.HalfToInt16Bits(halves[i]));
        batch.Run();
    }

    [Test]
    public void FloatsBecomeHalvesRoundedOnce()
    {
        // Every half, and what lies just below, at and above the middle to its neighbour.
        float[] values = [.. Enumerable.Range(0, 65536).Select(bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits))
            .SelectMany(value => (float[])[value, MathF.BitIncrement(value), Middle(value), MathF.BitIncrement(Middle(value)), MathF.BitDecrement(Middle(value))]),
            .. Operands.Of<float>(1000)];
        double[] wide = [.. values.Select(value => (double)value).SelectMany(value => (double[])[value, Math.BitIncrement(value)])];
        ElementwiseBatch narrow = new(values), doubles = new(wide);
        narrow.Add<Half>("float", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Float16)), i => (Half)values[i]);
        doubles.Add<Half>("double", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Float16)), i => (Half)wide[i]);
        narrow.Run();
        doubles.Run();
    }

    [Test]
    public void PredicatesBecomeZeroAndOne()
    {
        int[] values = [0, 1, 5, -3];
        ElementwiseBatch batch = new(values);
        Value IsPositive(KernelBuilder builder, Value x) => builder.Add(new Compare(CompareOp.Greater, x, Constant.Int32(0)));
        batch.Add<float>("float", (builder, x) => builder.Add(new Convert(IsPositive(builder, x[0]), ScalarType.Float32)), i => values[i] > 0 ? 1 : 0);
        batch.Add<Half>("half", (builder, x) => builder.Add(new Convert(IsPositive(builder, x[0]), ScalarType.Float16)), i => (Half)(values[i] > 0 ? 1 : 0));
        batch.Add<long>("long", (builder, x) => builder.Add(new Convert(IsPositive(builder, x[0]), ScalarType.Int64)), i => values[i] > 0 ? 1 : 0);
        batch.Add<int>("back", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Bool)), i => values[i] != 0 ? 1 : 0);
        batch.Run();
    }

    private static float Middle(float value) => value + (float.IsFinite(value) && value != 0 ? Math.Abs(value) * 4.8828125e-4f : 0);

    private static void FromFloat<T>()
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T[] values = Operands.Of<T>();
        ElementwiseBatch batch = new(values);
        To<sbyte>(false);
        To<byte>(true);
        To<short>(false);
        To<ushort>(true);
        To<int>(false);
        To<uint>(true);
        To<long>(false);
        To<ulong>(true);
        batch.Add<float>("to float", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Float32)), i => float.CreateTruncating(values[i]));
        batch.Add<double>("to double", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Float64)), i => double.CreateTruncating(values[i]));
        if (typeof(T) == typeof(float))
        {
            batch.Add<int>("bits", (builder, x) => builder.Add(new Reinterpret(x[0], ScalarType.Int32)), i => BitConverter.SingleToInt32Bits((float)(object)values[i]));
        }
        batch.Run();

        void To<TInteger>(bool unsigned)
            where TInteger : unmanaged, INumberBase<TInteger>
            => batch.Add<TInteger>($"{typeof(T).Name} to {typeof(TInteger).Name}",
                (builder, x) => builder.Add(new Convert(x[0], Operands.TypeOf<TInteger>(), targetUnsigned: unsigned)), i => TInteger.CreateSaturating(values[i]));
    }

    private static void FromInteger<T>(bool unsigned)
        where T : unmanaged, IBinaryInteger<T>
    {
        T[] values = Operands.Of<T>(1000);
        ElementwiseBatch batch = new(values);
        To<sbyte>();
        To<ushort>();
        To<int>();
        To<long>();
        To<float>();
        To<double>();
        batch.Add<Half>("to half", (builder, x) => builder.Add(new Convert(x[0], ScalarType.Float16, unsigned)), i => (Half)float.CreateTruncating(values[i]));
        batch.Run();

        void To<TResult>()
            where TResult : unmanaged, INumberBase<TResult>
            => batch.Add<TResult>($"{typeof(T).Name} to {typeof(TResult).Name}",
                (builder, x) => builder.Add(new Convert(x[0], Operands.TypeOf<TResult>(), unsigned)), i => TResult.CreateTruncating(values[i]));
    }
}
