using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

internal interface IUnary<TFrom, TTo> { static abstract TTo Apply(TFrom a); }

internal interface IBinary<T> { static abstract T Apply(T a, T b); }

internal interface ITernary<T> { static abstract T Apply(T a, T b, T c); }

/// <summary>Two operands of a type and a 32-bit count: shifts.</summary>
internal interface IShift<T> { static abstract T Apply(T a, uint amount); }

internal interface IComparison<T> { static abstract bool Apply(T a, T b); }

/// <summary>Loops over the lanes of a warp. A register's slot holds 32 lanes of 8 bytes; an operation reads the low bytes it needs.</summary>
internal static class Lanes
{
    public const uint All = uint.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Get<T>(ref ulong slot, int lane) where T : unmanaged => Unsafe.As<ulong, T>(ref Unsafe.Add(ref slot, lane));

    /// <summary>Writes a value; narrow ones are extended by sign or zeros, for registers wider than the type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put<T>(ref ulong slot, int lane, T value) where T : unmanaged
    {
        ulong bits;
        if (typeof(T) == typeof(sbyte))
            bits = (ulong)(long)(sbyte)(object)value;
        else if (typeof(T) == typeof(short))
            bits = (ulong)(long)(short)(object)value;
        else if (typeof(T) == typeof(int))
            bits = (ulong)(long)(int)(object)value;
        else if (Unsafe.SizeOf<T>() == 1)
            bits = Unsafe.As<T, byte>(ref value);
        else if (Unsafe.SizeOf<T>() == 2)
            bits = Unsafe.As<T, ushort>(ref value);
        else if (Unsafe.SizeOf<T>() == 4)
            bits = Unsafe.As<T, uint>(ref value);
        else
            bits = Unsafe.As<T, ulong>(ref value);
        Unsafe.Add(ref slot, lane) = bits;
    }

    public static void Unary<TFrom, TTo, TOperation>(Warp warp, Operation operation, uint mask)
        where TFrom : unmanaged where TTo : unmanaged where TOperation : IUnary<TFrom, TTo>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        if (mask == All)
            for (int lane = 0; lane < 32; lane++)
                Put(ref d, lane, TOperation.Apply(Get<TFrom>(ref a, lane)));
        else
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                Put(ref d, lane, TOperation.Apply(Get<TFrom>(ref a, lane)));
            }
    }

    public static void Binary<T, TOperation>(Warp warp, Operation operation, uint mask)
        where T : unmanaged where TOperation : IBinary<T>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        if (mask == All)
            for (int lane = 0; lane < 32; lane++)
                Put(ref d, lane, TOperation.Apply(Get<T>(ref a, lane), Get<T>(ref b, lane)));
        else
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                Put(ref d, lane, TOperation.Apply(Get<T>(ref a, lane), Get<T>(ref b, lane)));
            }
    }

    public static void Ternary<T, TOperation>(Warp warp, Operation operation, uint mask)
        where T : unmanaged where TOperation : ITernary<T>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        ref ulong c = ref warp.Register(operation.C);
        if (mask == All)
            for (int lane = 0; lane < 32; lane++)
                Put(ref d, lane, TOperation.Apply(Get<T>(ref a, lane), Get<T>(ref b, lane), Get<T>(ref c, lane)));
        else
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                Put(ref d, lane, TOperation.Apply(Get<T>(ref a, lane), Get<T>(ref b, lane), Get<T>(ref c, lane)));
            }
    }

    public static void Shift<T, TOperation>(Warp warp, Operation operation, uint mask)
        where T : unmanaged where TOperation : IShift<T>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            Put(ref d, lane, TOperation.Apply(Get<T>(ref a, lane), Get<uint>(ref b, lane)));
        }
    }

    /// <summary>Products of twice the width; <see cref="WideSum"/> adds a third operand.</summary>
    public static void Wide<T, TWide>(Warp warp, Operation operation, uint mask)
        where T : unmanaged, INumber<T> where TWide : unmanaged, INumber<TWide>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            Put(ref d, lane, TWide.CreateTruncating(Get<T>(ref a, lane)) * TWide.CreateTruncating(Get<T>(ref b, lane)));
        }
    }

    public static void WideSum<T, TWide>(Warp warp, Operation operation, uint mask)
        where T : unmanaged, INumber<T> where TWide : unmanaged, INumber<TWide>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        ref ulong c = ref warp.Register(operation.C);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            TWide product = TWide.CreateTruncating(Get<T>(ref a, lane)) * TWide.CreateTruncating(Get<T>(ref b, lane));
            Put(ref d, lane, product + Get<TWide>(ref c, lane));
        }
    }

    /// <summary>An operation given as a function of the whole slots (whose bits above the operand's width mean nothing); slower than the closed loops.</summary>
    public static Execute Each(Func<ulong, ulong> function) => (warp, operation, mask) =>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            Unsafe.Add(ref d, lane) = function(Unsafe.Add(ref a, lane));
        }
    };

    public static Execute Each(Func<ulong, ulong, ulong> function) => (warp, operation, mask) =>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            Unsafe.Add(ref d, lane) = function(Unsafe.Add(ref a, lane), Unsafe.Add(ref b, lane));
        }
    };

    public static Execute Each(Func<ulong, ulong, ulong, ulong> function) => (warp, operation, mask) =>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        ref ulong c = ref warp.Register(operation.C);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            Unsafe.Add(ref d, lane) = function(Unsafe.Add(ref a, lane), Unsafe.Add(ref b, lane), Unsafe.Add(ref c, lane));
        }
    };

    public static Execute Each(Func<ulong, ulong, ulong, ulong, ulong> function) => (warp, operation, mask) =>
    {
        ref ulong d = ref warp.Register(operation.D);
        ref ulong a = ref warp.Register(operation.A);
        ref ulong b = ref warp.Register(operation.B);
        ref ulong c = ref warp.Register(operation.C);
        ref ulong e = ref warp.Register(operation.Slots[4]);
        for (; mask != 0; mask &= mask - 1)
        {
            int lane = BitOperations.TrailingZeroCount(mask);
            Unsafe.Add(ref d, lane) = function(Unsafe.Add(ref a, lane), Unsafe.Add(ref b, lane), Unsafe.Add(ref c, lane), Unsafe.Add(ref e, lane));
        }
    };

    /// <summary>The lanes where a comparison holds.</summary>
    public static uint Compare<T, TOperation>(Warp warp, int first, int second, uint mask)
        where T : unmanaged where TOperation : IComparison<T>
    {
        ref ulong a = ref warp.Register(first);
        ref ulong b = ref warp.Register(second);
        uint result = 0;
        if (mask == All)
            for (int lane = 0; lane < 32; lane++)
                result |= (TOperation.Apply(Get<T>(ref a, lane), Get<T>(ref b, lane)) ? 1u : 0) << lane;
        else
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                result |= (TOperation.Apply(Get<T>(ref a, lane), Get<T>(ref b, lane)) ? 1u : 0) << lane;
            }
        return result;
    }

    /// <summary>A loop above, closed over types chosen at decoding.</summary>
    public static Execute Close(string loop, params Type[] types) =>
        Closed.GetOrAdd((loop, types[0], types[1], types.ElementAtOrDefault(2)),
            _ => typeof(Lanes).GetMethod(loop)!.MakeGenericMethod(types).CreateDelegate<Execute>());

    private static readonly ConcurrentDictionary<(string, Type, Type, Type?), Execute> Closed = new();
}
