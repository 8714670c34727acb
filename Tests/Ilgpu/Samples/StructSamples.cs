using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>Structs as elements and as parameters, generic kernels over struct operations, static abstract members, n-body.</summary>
public static class StructSamples
{
    private const int Length = 37;

    internal static IEnumerable<SampleCase> Cases =>
    [
        new("structs as elements and as parameters", Structs, ExpectedStructs),
        new("generic kernel over an operation with a state", Generic, () => [.. Enumerable.Range(0, Length).Select(i => (double)((i * 3) + 7))]),
        new("static abstract members", StaticAbstract, () => [.. Enumerable.Range(0, Length).Select(i => (double)((i * i) + 1 - i))]),
        new("n-body with positions in shared memory", NBody, ExpectedNBody, 2e-5),
        new("views within a struct", ViewStruct, () => [.. Enumerable.Range(0, Length).Select(i => (i * 2.5) + 1)]),
    ];

    public struct Inner
    {
        public byte Small;
        public short Medium;
    }

    public struct Record
    {
        public int Key;
        public double Value;
        public Inner Inner;
        public byte Flag;
    }

    public readonly struct Settings(float scale, int shift, int negate)
    {
        public float Scale { get; } = scale;

        public int Shift { get; } = shift;

        public int Negate { get; } = negate;

        public double Apply(double value)
        {
            double result = (value * Scale) + Shift;
            return Negate != 0 ? -result : result;
        }
    }

    private static void StructKernel(Index1D index, ArrayView<Record> records, Settings settings)
    {
        Record record = records[index];
        record.Value = settings.Apply(record.Key);
        record.Inner.Small += 3;
        record.Inner.Medium = (short)(record.Inner.Medium - 1);
        record.Flag = (byte)(record.Key % 2 == 0 ? 1 : 0);
        records[index] = record;
        records[index].Key += 1;
    }

    private static double[] Flat(Record[] records)
        => [.. records.SelectMany(record => new[] { record.Key, record.Value, record.Inner.Small, record.Inner.Medium, record.Flag })];

    private static Record[] Records()
        => [.. Enumerable.Range(0, Length).Select(i => new Record { Key = i * 11, Inner = new Inner { Small = (byte)(i * 8), Medium = (short)(-i * 100) } })];

    private static double[] Structs(Accelerator accelerator)
    {
        using MemoryBuffer1D<Record, Stride1D.Dense> records = accelerator.Allocate1D(Records());
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<Record>, Settings>(StructKernel)(Length, records.View, new Settings(0.5f, 3, 1));
        accelerator.Synchronize();
        return Flat(records.GetAsArray1D());
    }

    private static double[] ExpectedStructs()
    {
        Record[] records = Records();
        for (int i = 0; i < Length; i++)
        {
            records[i].Value = new Settings(0.5f, 3, 1).Apply(records[i].Key);
            records[i].Inner.Small += 3;
            records[i].Inner.Medium--;
            records[i].Flag = (byte)(records[i].Key % 2 == 0 ? 1 : 0);
            records[i].Key++;
        }
        return Flat(records);
    }

    public interface IOperation
    {
        int Apply(int value);
    }

    public readonly struct ScaleAndShift(int scale, int shift) : IOperation
    {
        private readonly int scale = scale;
        private readonly int shift = shift;

        public int Apply(int value) => (value * scale) + shift;
    }

    private static void GenericKernel<TOperation>(Index1D index, ArrayView<int> output, TOperation operation)
        where TOperation : struct, IOperation
        => output[index] = operation.Apply(index.X);

    private static double[] Generic(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(Length);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ScaleAndShift>(GenericKernel)(Length, output.View, new ScaleAndShift(3, 7));
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    public interface IStaticOperation
    {
        static abstract int Combine(int first, int second);

        static abstract int Zero { get; }
    }

    public readonly struct SquareAndAdd : IStaticOperation
    {
        public static int Zero => 1;

        public static int Combine(int first, int second) => (second * second) + first - second;
    }

    private static void StaticKernel<TOperation>(Index1D index, ArrayView<int> output)
        where TOperation : struct, IStaticOperation
        => output[index] = TOperation.Combine(TOperation.Zero, index.X);

    private static double[] StaticAbstract(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(Length);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(StaticKernel<SquareAndAdd>)(Length, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    public struct Body
    {
        public float X;
        public float Y;
        public float Z;
        public float Mass;
    }

    private const int Bodies = 48;
    private const int BodyTile = 16;

    private static void NBodyKernel(ArrayView<Body> bodies, ArrayView<float> accelerations)
    {
        ArrayView<Body> tile = SharedMemory.Allocate<Body>(BodyTile);
        int at = Grid.GlobalIndex.X;
        Body own = bodies[at];
        float ax = 0;
        float ay = 0;
        float az = 0;
        for (int first = 0; first < bodies.IntLength; first += BodyTile)
        {
            tile[Group.IdxX] = bodies[first + Group.IdxX];
            Group.Barrier();
            for (int i = 0; i < BodyTile; i++)
            {
                float dx = tile[i].X - own.X;
                float dy = tile[i].Y - own.Y;
                float dz = tile[i].Z - own.Z;
                float square = (dx * dx) + (dy * dy) + (dz * dz) + 0.01f;
                float inverse = XMath.Rsqrt(square);
                float force = tile[i].Mass * inverse * inverse * inverse;
                ax += dx * force;
                ay += dy * force;
                az += dz * force;
            }
            Group.Barrier();
        }
        accelerations[at * 3] = ax;
        accelerations[(at * 3) + 1] = ay;
        accelerations[(at * 3) + 2] = az;
    }

    private static Body[] System()
    {
        float[] random = SampleCase.Random(Bodies * 3, 9);
        return [.. Enumerable.Range(0, Bodies).Select(i => new Body { X = random[3 * i], Y = random[(3 * i) + 1], Z = random[(3 * i) + 2], Mass = 1 + (i % 3) })];
    }

    private static double[] NBody(Accelerator accelerator)
    {
        using MemoryBuffer1D<Body, Stride1D.Dense> bodies = accelerator.Allocate1D(System());
        using MemoryBuffer1D<float, Stride1D.Dense> accelerations = accelerator.Allocate1D<float>(Bodies * 3);
        accelerator.LoadStreamKernel<ArrayView<Body>, ArrayView<float>>(NBodyKernel)((Bodies / BodyTile, BodyTile), bodies.View, accelerations.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(accelerations.GetAsArray1D());
    }

    private static double[] ExpectedNBody()
    {
        Body[] bodies = System();
        List<double> expected = [];
        foreach (Body own in bodies)
        {
            float ax = 0, ay = 0, az = 0;
            foreach (Body other in bodies)
            {
                float dx = other.X - own.X, dy = other.Y - own.Y, dz = other.Z - own.Z;
                float inverse = 1 / MathF.Sqrt((dx * dx) + (dy * dy) + (dz * dz) + 0.01f);
                float force = other.Mass * inverse * inverse * inverse;
                ax += dx * force;
                ay += dy * force;
                az += dz * force;
            }
            expected.AddRange([ax, ay, az]);
        }
        return [.. expected];
    }

    public struct Inputs
    {
        public ArrayView<float> Values;
        public float Factor;
        public ArrayView1D<int, Stride1D.Dense> Addends;
    }

    private static void ViewStructKernel(Index1D index, Inputs inputs, ArrayView<float> output)
        => output[index] = (inputs.Values[index] * inputs.Factor) + inputs.Addends[index];

    private static double[] ViewStruct(Accelerator accelerator)
    {
        using MemoryBuffer1D<float, Stride1D.Dense> values = accelerator.Allocate1D(Enumerable.Range(0, Length).Select(i => (float)i).ToArray());
        using MemoryBuffer1D<int, Stride1D.Dense> addends = accelerator.Allocate1D(Enumerable.Repeat(1, Length).ToArray());
        using MemoryBuffer1D<float, Stride1D.Dense> output = accelerator.Allocate1D<float>(Length);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, Inputs, ArrayView<float>>(ViewStructKernel)(
            Length, new Inputs { Values = values.View, Factor = 2.5f, Addends = addends.View }, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }
}
