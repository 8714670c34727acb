namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>What every random kernel's source begins with: functions without undefined results, and types that the random parts use.</summary>
internal static class RandomKernelFrame
{
    public const string Text = """
        using System;
        using System.Numerics;
        using ILGPU;
        using ILGPU.Algorithms;
        using ILGPU.Runtime;
        using Half = ILGPU.Half;

        public interface ICombine<T> { static abstract T Combine(T first, T second); T Finish(T value); }

        public struct Pair<TFirst, TSecond> where TFirst : unmanaged where TSecond : unmanaged
        {
            public TFirst First; public TSecond Second;
            public Pair(TFirst first, TSecond second) { First = first; Second = second; }
            public readonly Pair<TSecond, TFirst> Swapped() => new Pair<TSecond, TFirst>(Second, First);
        }

        public enum Phase : byte { Begin, Middle, End }

        public struct State
        {
            public byte Small; public Pair<long, float> Inner; public bool Flag; public Half Rounded; public short Middle; public Phase Phase; public double Wide;
            public int Steps { get; private set; }
            public void Step(int by, float rounded)
            {
                Steps += by; Small += (byte)by; Middle ^= (short)(by >> 3); Flag = !Flag; Rounded = (Half)rounded; Inner.First += Steps; Inner.Second -= by;
                Phase = Phase switch { Phase.Begin => Phase.Middle, Phase.Middle => Phase.End, _ => Phase.Begin };
            }
            public readonly long Sum() => Small + Middle + Steps + Inner.First + (Flag ? 1000 : 0) + (int)Phase;
            public readonly float Floats => Inner.Second + Rounded;
        }

        public static class Kernels
        {
            internal static int Divide(int a, int b) => b == 0 || b == -1 ? a : a / b;
            internal static uint Divide(uint a, uint b) => b == 0 ? a : a / b;
            internal static long Divide(long a, long b) => b == 0 || b == -1 ? a : a / b;
            internal static ulong Divide(ulong a, ulong b) => b == 0 ? a : a / b;
            internal static int Remainder(int a, int b) => b == 0 || b == -1 ? a : a % b;
            internal static uint Remainder(uint a, uint b) => b == 0 ? a : a % b;
            internal static long Remainder(long a, long b) => b == 0 || b == -1 ? a : a % b;
            internal static ulong Remainder(ulong a, ulong b) => b == 0 ? a : a % b;
            internal static float Tame(float a) => a > -1e4f && a < 1e4f ? a : 0.5f;
            internal static T Horner<T>(T x, T y) where T : unmanaged, INumber<T> => (x > y ? x : y) * x + T.One - y;
            internal static void Exchange<T>(ref T first, ref T second) { T kept = first; first = second; second = kept; }
            internal static bool Split(long value, in Pair<int, float> by, out int high, out int low)
            {
                high = (int)(value >> 32) + by.First; low = (int)value; return value > by.First;
            }
            static T Folded<T, TCombine>(TCombine combine, T a, T b, int times) where T : unmanaged where TCombine : struct, ICombine<T>
            {
                for (int i = 0; i < times; i++) a = TCombine.Combine(a, b);
                return combine.Finish(a);
            }

        """;
}
