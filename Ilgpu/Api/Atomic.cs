using System.Runtime.CompilerServices;
using ILGPU.AtomicOperations;

namespace ILGPU;

/// <summary>Read, combine and write in one step. Each returns the value that stood there before.</summary>
public static class Atomic
{
    /// <summary>Adds a value.</summary>
    public static int Add(ref int target, int value) => Interlocked.Add(ref target, value) - value;

    /// <summary>Adds a value.</summary>
    public static uint Add(ref uint target, uint value) => Interlocked.Add(ref target, value) - value;

    /// <summary>Adds a value.</summary>
    public static long Add(ref long target, long value) => Interlocked.Add(ref target, value) - value;

    /// <summary>Adds a value.</summary>
    public static ulong Add(ref ulong target, ulong value) => Interlocked.Add(ref target, value) - value;

    /// <summary>Adds a value.</summary>
    public static float Add(ref float target, float value)
    {
        while (true)
        {
            float old = Volatile.Read(ref target);
            float next = old + value;
            if (Same(Interlocked.CompareExchange(ref target, next, old), old))
            {
                return old;
            }
        }
    }

    /// <summary>Adds a value.</summary>
    public static double Add(ref double target, double value)
    {
        while (true)
        {
            double old = Volatile.Read(ref target);
            double next = old + value;
            if (Same(Interlocked.CompareExchange(ref target, next, old), old))
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the larger value.</summary>
    public static int Max(ref int target, int value)
    {
        while (true)
        {
            int old = Volatile.Read(ref target);
            int next = Math.Max(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the larger value.</summary>
    public static uint Max(ref uint target, uint value)
    {
        while (true)
        {
            uint old = Volatile.Read(ref target);
            uint next = Math.Max(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the larger value.</summary>
    public static long Max(ref long target, long value)
    {
        while (true)
        {
            long old = Volatile.Read(ref target);
            long next = Math.Max(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the larger value.</summary>
    public static ulong Max(ref ulong target, ulong value)
    {
        while (true)
        {
            ulong old = Volatile.Read(ref target);
            ulong next = Math.Max(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the larger value.</summary>
    public static float Max(ref float target, float value)
    {
        while (true)
        {
            float old = Volatile.Read(ref target);
            float next = Math.Max(old, value);
            if (Same(Interlocked.CompareExchange(ref target, next, old), old))
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the larger value.</summary>
    public static double Max(ref double target, double value)
    {
        while (true)
        {
            double old = Volatile.Read(ref target);
            double next = Math.Max(old, value);
            if (Same(Interlocked.CompareExchange(ref target, next, old), old))
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the smaller value.</summary>
    public static int Min(ref int target, int value)
    {
        while (true)
        {
            int old = Volatile.Read(ref target);
            int next = Math.Min(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the smaller value.</summary>
    public static uint Min(ref uint target, uint value)
    {
        while (true)
        {
            uint old = Volatile.Read(ref target);
            uint next = Math.Min(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the smaller value.</summary>
    public static long Min(ref long target, long value)
    {
        while (true)
        {
            long old = Volatile.Read(ref target);
            long next = Math.Min(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the smaller value.</summary>
    public static ulong Min(ref ulong target, ulong value)
    {
        while (true)
        {
            ulong old = Volatile.Read(ref target);
            ulong next = Math.Min(old, value);
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the smaller value.</summary>
    public static float Min(ref float target, float value)
    {
        while (true)
        {
            float old = Volatile.Read(ref target);
            float next = Math.Min(old, value);
            if (Same(Interlocked.CompareExchange(ref target, next, old), old))
            {
                return old;
            }
        }
    }

    /// <summary>Keeps the smaller value.</summary>
    public static double Min(ref double target, double value)
    {
        while (true)
        {
            double old = Volatile.Read(ref target);
            double next = Math.Min(old, value);
            if (Same(Interlocked.CompareExchange(ref target, next, old), old))
            {
                return old;
            }
        }
    }

    /// <summary>Bitwise and.</summary>
    public static int And(ref int target, int value) => Interlocked.And(ref target, value);

    /// <summary>Bitwise and.</summary>
    public static uint And(ref uint target, uint value) => Interlocked.And(ref target, value);

    /// <summary>Bitwise and.</summary>
    public static long And(ref long target, long value) => Interlocked.And(ref target, value);

    /// <summary>Bitwise and.</summary>
    public static ulong And(ref ulong target, ulong value) => Interlocked.And(ref target, value);

    /// <summary>Bitwise or.</summary>
    public static int Or(ref int target, int value) => Interlocked.Or(ref target, value);

    /// <summary>Bitwise or.</summary>
    public static uint Or(ref uint target, uint value) => Interlocked.Or(ref target, value);

    /// <summary>Bitwise or.</summary>
    public static long Or(ref long target, long value) => Interlocked.Or(ref target, value);

    /// <summary>Bitwise or.</summary>
    public static ulong Or(ref ulong target, ulong value) => Interlocked.Or(ref target, value);

    /// <summary>Bitwise exclusive or.</summary>
    public static int Xor(ref int target, int value)
    {
        while (true)
        {
            int old = Volatile.Read(ref target);
            int next = old ^ value;
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Bitwise exclusive or.</summary>
    public static uint Xor(ref uint target, uint value)
    {
        while (true)
        {
            uint old = Volatile.Read(ref target);
            uint next = old ^ value;
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Bitwise exclusive or.</summary>
    public static long Xor(ref long target, long value)
    {
        while (true)
        {
            long old = Volatile.Read(ref target);
            long next = old ^ value;
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Bitwise exclusive or.</summary>
    public static ulong Xor(ref ulong target, ulong value)
    {
        while (true)
        {
            ulong old = Volatile.Read(ref target);
            ulong next = old ^ value;
            if (Interlocked.CompareExchange(ref target, next, old) == old)
            {
                return old;
            }
        }
    }

    /// <summary>Writes a value.</summary>
    public static int Exchange(ref int target, int value) => Interlocked.Exchange(ref target, value);

    /// <summary>Writes a value.</summary>
    public static uint Exchange(ref uint target, uint value) => Interlocked.Exchange(ref target, value);

    /// <summary>Writes a value.</summary>
    public static long Exchange(ref long target, long value) => Interlocked.Exchange(ref target, value);

    /// <summary>Writes a value.</summary>
    public static ulong Exchange(ref ulong target, ulong value) => Interlocked.Exchange(ref target, value);

    /// <summary>Writes a value.</summary>
    public static float Exchange(ref float target, float value) => Interlocked.Exchange(ref target, value);

    /// <summary>Writes a value.</summary>
    public static double Exchange(ref double target, double value) => Interlocked.Exchange(ref target, value);

    /// <summary>Writes a value if the one that stands there equals `compare`.</summary>
    public static int CompareExchange(ref int target, int compare, int value) => Interlocked.CompareExchange(ref target, value, compare);

    /// <summary>Writes a value if the one that stands there equals `compare`.</summary>
    public static uint CompareExchange(ref uint target, uint compare, uint value) => Interlocked.CompareExchange(ref target, value, compare);

    /// <summary>Writes a value if the one that stands there equals `compare`.</summary>
    public static long CompareExchange(ref long target, long compare, long value) => Interlocked.CompareExchange(ref target, value, compare);

    /// <summary>Writes a value if the one that stands there equals `compare`.</summary>
    public static ulong CompareExchange(ref ulong target, ulong compare, ulong value) => Interlocked.CompareExchange(ref target, value, compare);

    /// <summary>Writes a value if the one that stands there equals `compare` bit for bit.</summary>
    public static float CompareExchange(ref float target, float compare, float value) => Interlocked.CompareExchange(ref target, value, compare);

    /// <summary>Writes a value if the one that stands there equals `compare` bit for bit.</summary>
    public static double CompareExchange(ref double target, double compare, double value) => Interlocked.CompareExchange(ref target, value, compare);

    /// <summary>Adds to an index.</summary>
    public static Index1D Add(ref Index1D target, Index1D value) => Add(ref Unsafe.As<Index1D, int>(ref target), value);

    /// <summary>Writes an index.</summary>
    public static Index1D Exchange(ref Index1D target, Index1D value) => Exchange(ref Unsafe.As<Index1D, int>(ref target), value);

    /// <summary>Writes an index if the one that stands there equals `compare`.</summary>
    public static Index1D CompareExchange(ref Index1D target, Index1D compare, Index1D value)
        => CompareExchange(ref Unsafe.As<Index1D, int>(ref target), compare, value);

    /// <summary>Makes any operation atomic by trying again until nobody came between.</summary>
    /// <param name="target">What is changed.</param>
    /// <param name="value">The operation's second operand.</param>
    /// <param name="operation">What the old value and the operand give.</param>
    /// <param name="compareExchangeOperation">How a value is exchanged.</param>
    public static T MakeAtomic<T, TOperation, TCompareExchangeOperation>(
        ref T target, T value, TOperation operation, TCompareExchangeOperation compareExchangeOperation)
        where T : unmanaged
        where TOperation : struct, IAtomicOperation<T>
        where TCompareExchangeOperation : struct, ICompareExchangeOperation<T>
    {
        T current = target;
        T expected;
        do
        {
            expected = current;
            current = compareExchangeOperation.CompareExchange(ref target, expected, operation.Operation(expected, value));
        }
        while (!compareExchangeOperation.IsSame(expected, current));
        return current;
    }

    private static bool Same(float first, float second) => BitConverter.SingleToInt32Bits(first) == BitConverter.SingleToInt32Bits(second);

    private static bool Same(double first, double second) => BitConverter.DoubleToInt64Bits(first) == BitConverter.DoubleToInt64Bits(second);
}
