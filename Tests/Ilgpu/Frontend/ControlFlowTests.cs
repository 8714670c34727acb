namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>Branches, loops and early returns run as in .NET.</summary>
public unsafe class ControlFlowTests
{
    private static void Add(float* output, float* a, float* b, int count)
    {
        for (int i = 0; i < count; i++)
        {
            output[i] = a[i] + b[i];
        }
    }

    [Test]
    public void A_loop_over_pointers_adds() =>
        Harness.Check(Add, new float[5], new[] { 1f, 2, 3, 4, 5 }, new[] { 0.5f, -2, 1e-9f, float.NaN, 7 }, 5);

    private struct Small
    {
        public byte Byte;
        public short Short;
    }

    private static void ByteOrNumber(int* output, int* input, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Small small = default;
            small.Byte = (byte)input[i];
            small.Short = (short)-input[i];
            output[2 * i] = input[i] > 1000 ? input[i] : small.Byte;
            output[(2 * i) + 1] = input[i] > 1000 ? small.Short : input[i];
        }
    }

    [Test]
    public void A_byte_on_one_path_does_not_narrow_the_number_on_another() =>
        Harness.Check(ByteOrNumber, new int[10], new[] { 1159448831, -1159448831, 255, -5, 70000 }, 5);

    private static int Collatz(int n)
    {
        int steps = 0;
        while (n != 1)
        {
            if (n % 2 == 0)
            {
                n /= 2;
            }
            else
            {
                n = 3 * n + 1;
            }
            steps++;
            if (steps > 1000)
            {
                return -1;
            }
        }
        return steps;
    }

    private static void CollatzKernel(int* output, int* input, int count)
    {
        for (int i = 0; i < count; i++)
        {
            output[i] = Collatz(input[i]);
        }
    }

    [Test]
    public void A_method_with_a_loop_and_early_returns_is_inlined_in_a_loop() =>
        Harness.Check(CollatzKernel, new int[6], new[] { 1, 2, 3, 7, 27, 97 }, 6);

    private static int Classify(int value)
    {
        switch (value)
        {
            case 0:
                return 10;
            case 1:
            case 2:
                return 20;
            case 3:
                value += 5;
                break;
            case 7:
                return value > 5 ? 70 : 71;
            default:
                value = -value;
                break;
        }
        return value;
    }

    private static void ClassifyKernel(int* output, int* input, int count)
    {
        for (int i = 0; i < count; i++)
        {
            output[i] = Classify(input[i]);
        }
    }

    [Test]
    public void A_switch_goes_where_it_should() =>
        Harness.Check(ClassifyKernel, new int[10], new[] { -1, 0, 1, 2, 3, 4, 7, 8, int.MinValue, int.MaxValue }, 10);

    private static void NestedKernel(long* output, int n)
    {
        long sum = 0;
        for (int i = 0; i < n; i++)
        {
            for (int j = i; j < n; j += 2)
            {
                if ((i ^ j) == 5)
                {
                    continue;
                }
                for (int k = 0; k < 3; k++)
                {
                    if (i + j + k > 2 * n - 4)
                    {
                        goto done;
                    }
                    sum = sum * 31 + i * 7 + j * 3 + k;
                }
            }
        }
    done:
        output[0] = sum;
    }

    [Test]
    public void Nested_loops_with_continue_and_goto() => Harness.Check(NestedKernel, new long[1], 12);

    private static void ConditionalsKernel(int* output, int* input, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int x = input[i];
            bool small = x is > -10 and < 10, odd = (x & 1) != 0;
            output[i] = (small && odd ? 1 : 0) + (small || odd ? 2 : 0) + (small ^ odd ? 4 : 0) + (x > 3 ? x > 5 ? 8 : 16 : 32) + Math.Max(x, 2) * (odd ? -1 : 1);
        }
    }

    [Test]
    public void Conditional_expressions_leave_values_on_the_stack() =>
        Harness.Check(ConditionalsKernel, new int[7], new[] { -11, -10, -9, 0, 4, 6, 11 }, 7);
}
