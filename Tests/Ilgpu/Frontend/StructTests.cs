using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>Structs, references, generics and interfaces vanish: what they compute stays, and nothing of them lies in memory.</summary>
public unsafe class StructTests
{
    private struct Vector3(float x, float y, float z)
    {
        public float X = x, Y = y, Z = z;

        public readonly float Length => MathF.Sqrt(X * X + Y * Y + Z * Z);

        public void Scale(float by)
        {
            X *= by;
            Y *= by;
            Z *= by;
        }

        public static Vector3 operator +(Vector3 a, Vector3 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);
    }

    private struct Ray
    {
        public Vector3 Origin;
        public byte Flags;
        public Vector3 Direction;
        public long Hits;

        public Vector3 At(float t)
        {
            Vector3 step = Direction;
            step.Scale(t);
            Hits++;
            return Origin + step;
        }
    }

    private static void Rays(Ray* rays, Vector3* output, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Ray ray = rays[i];
            Vector3 p = ray.At(2) + ray.At(-0.5f);
            if (p.Length > 3)
            {
                p = new Vector3(p.Z, p.X, p.Y);
                ray.Flags += 250;
            }
            output[i] = p;
            rays[i] = ray;
        }
    }

    [Test]
    public void Methods_on_structs_by_value_and_by_reference()
    {
        Ray[] rays = new Ray[3];
        for (int i = 0; i < 3; i++)
        {
            rays[i] = new Ray { Origin = new Vector3(i, 1, 2), Direction = new Vector3(0.5f, i, -i), Flags = 10, Hits = i };
        }
        KernelFunction kernel = Harness.Check(Rays, rays, new Vector3[3], 3);
        Assert.That(kernel.Allocations, Is.Empty, kernel.ToString());
    }

    private static void Swap(ref int a, ref int b) => (a, b) = (b, a);

    private static bool TryDivide(int a, int b, out int quotient)
    {
        quotient = b == 0 ? 0 : a / b;
        return b != 0;
    }

    private static int Sum(in Vector3 v) => (int)(v.X + v.Y + v.Z);

    private static ref int Larger(ref int a, ref int b)
    {
        if (a > b)
        {
            return ref a;
        }
        return ref b;
    }

    private static void References(int* output, int* input, int count)
    {
        for (int i = 0; i + 1 < count; i++)
        {
            int a = input[i], b = input[i + 1];
            Swap(ref a, ref b);
            if (TryDivide(a, b, out int q))
            {
                a += q;
            }
            Vector3 v = new(a, b, q);
            output[i] = a * 3 + b + Sum(in v);
            ref int place = ref output[i];
            place ^= 5;
            Larger(ref a, ref b) = 100;
            output[i] += a - b;
        }
    }

    [Test]
    public void References_to_locals_out_and_in() => Harness.Check(References, new int[6], new[] { 4, -3, 0, 17, 5, 5 }, 6);

    private interface IOperation<T>
    {
        static abstract T Zero { get; }

        static abstract T Apply(T a, T b);

        static virtual T Twice(T a) => a;
    }

    private readonly struct AddInts : IOperation<int>
    {
        public static int Zero => 0;

        public static int Apply(int a, int b) => a + b;
    }

    private readonly struct MaximumOfSingles : IOperation<float>
    {
        public static float Zero => float.NegativeInfinity;

        public static float Apply(float a, float b) => MathF.Max(a, b);

        public static float Twice(float a) => a * 2;
    }

    private static T Fold<T, TOperation>(T* values, int count)
        where T : unmanaged
        where TOperation : struct, IOperation<T>
    {
        T sum = TOperation.Zero;
        for (int i = 0; i < count; i++)
        {
            sum = TOperation.Apply(sum, values[i]);
        }
        return TOperation.Twice(sum);
    }

    private static void Folds(int* a, float* b, int count)
    {
        a[0] = Fold<int, AddInts>(a, count);
        b[0] = Fold<float, MaximumOfSingles>(b, count);
    }

    [Test]
    public void Static_abstract_and_static_virtual_members() => Harness.Check(Folds, new[] { 1, 2, 3 }, new[] { 1f, 5, -2 }, 3);

    private interface IShape
    {
        float Area { get; }

        float Scaled(float by) => Area * by * by;

        T Cast<T>(T seed)
            where T : unmanaged;
    }

    private struct Square(float side) : IShape
    {
        private readonly float _side = side;

        public readonly float Area => _side * _side;

        public readonly T Cast<T>(T seed)
            where T : unmanaged => seed;
    }

    private struct Circle(float radius) : IShape
    {
        private int _asked;

        public float Area
        {
            get
            {
                _asked++;
                return 3.14159f * radius * radius + _asked;
            }
        }

        readonly float IShape.Scaled(float by) => by * radius;

        public readonly T Cast<T>(T seed)
            where T : unmanaged => default;
    }

    private static float Measure<TShape>(TShape shape)
        where TShape : struct, IShape => shape.Area + shape.Area + shape.Scaled(3) + shape.Cast(5) + (float)shape.Cast(2.5);

    private static void Shapes(float* output, float a)
    {
        output[0] = Measure(new Square(a));
        output[1] = Measure(new Circle(a));
    }

    [Test]
    public void Interface_members_of_generic_structs_with_default_and_explicit_bodies() => Harness.Check(Shapes, new float[2], 1.5f);

    private static float Generic<T>(T a, T b)
        where T : unmanaged, INumber<T>
    {
        if (typeof(T) == typeof(int))
        {
            return 1000;
        }
        return float.CreateTruncating(T.Max(a, b) * a + T.One);
    }

    private static void GenericMath(float* output, float a, short b, int c)
    {
        output[0] = Generic(a, 2f);
        output[1] = Generic(b, (short)7);
        output[2] = Generic(c, 7);
        output[3] = Generic((double)a, -1.0);
    }

    [Test]
    public void Generic_mathematics_and_tests_of_types() => Harness.Check(GenericMath, new float[4], 1.5f, (short)-3, 9);

    [InlineArray(8)]
    private struct Eight
    {
        private float _first;
    }

    private struct Fixed
    {
        public fixed int Values[6];
        public short After;
    }

    private static void Arrays(float* output, float* input, int n)
    {
        Eight sums = default;
        for (int i = 0; i < 8; i++)
        {
            sums[i] = input[i] * i;
        }
        Fixed f = default;
        f.After = 3;
        for (int i = 0; i < n; i++)
        {
            f.Values[i % 6] += i;
        }
        float total = sums[3] + sums[7];
        for (int i = 0; i < 6; i++)
        {
            total += f.Values[i];
        }
        Fixed copy = f;
        output[0] = total + copy.Values[n % 6] + copy.After;
        Span<float> span = sums;
        output[1] = span[n & 7] + span.Slice(2, 3)[1] + span.Length;
        int* local = stackalloc int[4];
        local[n & 3] = n;
        output[2] = local[n & 3];
    }

    [Test]
    public void Small_arrays_indexed_at_run_time() => Harness.Check(Arrays, new float[3], new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }, 20);

    [StructLayout(LayoutKind.Explicit)]
    private struct Union
    {
        [FieldOffset(0)]
        public float Single;

        [FieldOffset(0)]
        public int Bits;

        [FieldOffset(2)]
        public short High;
    }

    private static void Unions(int* output, float x)
    {
        Union u = default;
        u.Single = x;
        output[0] = u.Bits;
        u.High ^= 1;
        output[1] = u.Bits;
        output[2] = Unsafe.As<float, int>(ref x) + Unsafe.BitCast<float, int>(x * 2);
    }

    [Test]
    public void Unions_and_reinterpreted_references() => Harness.Check(Unions, new int[3], 3.7f);

    private static void Tuples(int* output, int a, int b)
    {
        (int sum, (int product, bool less)) = Both(a, b);
        output[0] = less ? sum : product;
        (int, float)? maybe = a > 3 ? (a, 2.5f) : null;
        output[1] = maybe.HasValue ? maybe.GetValueOrDefault().Item1 : -1;
        output[2] = maybe.GetValueOrDefault().Item1 + (maybe is (_, 2.5f) ? 1 : 0);
    }

    [Test]
    public void Tuples_and_nullables_that_are_known_to_have_a_value() => Harness.Check(Tuples, new int[3], 5, 7);

    private static (int Sum, (int Product, bool Less) Both) Both(int a, int b) => (a + b, (a * b, a < b));

    private static float Twice(Func<float, float> function, float x) => function(function(x));

    private static void Lambdas(float* output, float x)
    {
        output[0] = Twice(v => v * 3 + 1, x);
        output[1] = Twice(MathF.Sqrt, x);
    }

    [Test]
    public void Lambdas_that_capture_nothing_are_inlined() => Harness.Check(Lambdas, new float[2], 16f);

    private static readonly float s_factor = 2.5f;
    private static readonly Vector3 s_axis = new(1, 2, 3);
    private static readonly long s_big = 1L << 40;

    private static void Statics(float* output, float x) => output[0] = x * s_factor + s_axis.Y + s_axis.Length + s_big;

    [Test]
    public void Static_readonly_fields_are_constants()
    {
        KernelFunction kernel = Harness.Check(Statics, new float[1], 3f);
        Assert.That(kernel.AllValues.OfType<Load>(), Is.Empty);
    }

    private static ReadOnlySpan<byte> Squares => [0, 1, 4, 9, 16, 25, 36, 200];

    private static ReadOnlySpan<float> Levels => [-1.5f, 0.25f, 7f];

    private static void Tables(float* output, int n)
    {
        output[0] = Squares[n & 7] + Levels[n % 3] + Squares.Length;
        output[1] = Squares[7] * Levels[2];
    }

    [Test]
    public void Constant_spans_are_tables() => Harness.Check(Tables, new float[2], 11);

    private static readonly int[] s_array = [1, 2];

    private static void ReadsArray(float* output, int n) => output[0] = s_array[n];

    [Test]
    public void A_managed_array_is_refused() => Assert.That(Harness.Refused(ReadsArray).Reason, Does.Contain("ArrayView"));

    private enum Mode : byte
    {
        Add = 1,
        Multiply = 200,
    }

    private static void Enums(int* output, int a, Mode mode)
    {
        output[0] = mode switch
        {
            Mode.Add => a + 1,
            Mode.Multiply => a * 2,
            _ => (int)mode,
        };
        Mode other = (Mode)(a + 250);
        output[1] = (int)other;
    }

    [TestCase((byte)1)]
    [TestCase((byte)200)]
    [TestCase((byte)77)]
    public void Enums_are_their_numbers(byte mode) => Harness.Check(Enums, new int[2], 10, (Mode)mode);
}
