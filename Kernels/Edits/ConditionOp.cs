namespace Managed.Kernels.Edits;

internal enum ConditionCode
{
    Constant,
    Register,
    Add,
    Subtract,
    Multiply,
    Divide,
    Minimum,
    Maximum,
    Negate,
    Absolute,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    And,
    Or,
    Not,
}

/// <summary>One operation of a condition in postfix order. True is 1; a register that nobody wrote is NaN, and no comparison with it is true.</summary>
internal readonly record struct ConditionOp(ConditionCode Code, float Value = 0, RegisterFrom From = RegisterFrom.None, int Slot = 0)
{
    /// <summary>Values that may wait at a time.</summary>
    public const int DeepestStack = 32;
}

/// <summary>The lines of a row's state that a token may read.</summary>
internal readonly unsafe struct StateLines(float* lines, int slots, int position, int promptLength)
{
    public float* Current => lines + ((long)(position + 1) * slots);

    public float* Previous => lines + ((long)position * slots);

    public float Register(RegisterFrom from, int slot) => from switch
    {
        RegisterFrom.Current => Current[slot],
        RegisterFrom.Previous => Previous[slot],
        RegisterFrom.PromptEnd => position < promptLength ? float.NaN : lines[((long)promptLength * slots) + slot],
        _ => lines[slot],
    };
}

/// <summary>Evaluates conditions.</summary>
internal static unsafe class Conditions
{
    /// <summary>A condition's value for one token.</summary>
    public static float Evaluate(ReadOnlySpan<ConditionOp> condition, in StateLines lines)
    {
        float* stack = stackalloc float[ConditionOp.DeepestStack];
        int top = -1;
        foreach (ref readonly ConditionOp op in condition)
            switch (op.Code)
            {
                case ConditionCode.Constant:
                    stack[++top] = op.Value;
                    break;
                case ConditionCode.Register:
                    stack[++top] = lines.Register(op.From, op.Slot);
                    break;
                case ConditionCode.Negate:
                    stack[top] = -stack[top];
                    break;
                case ConditionCode.Absolute:
                    stack[top] = MathF.Abs(stack[top]);
                    break;
                case ConditionCode.Not:
                    stack[top] = stack[top] == 0 ? 1 : 0;
                    break;
                default:
                    top--;
                    stack[top] = Combine(op.Code, stack[top], stack[top + 1]);
                    break;
            }
        return stack[0];
    }

    private static float Combine(ConditionCode code, float a, float b) => code switch
    {
        ConditionCode.Add => a + b,
        ConditionCode.Subtract => a - b,
        ConditionCode.Multiply => a * b,
        ConditionCode.Divide => a / b,
        ConditionCode.Minimum => MathF.Min(a, b),
        ConditionCode.Maximum => MathF.Max(a, b),
        ConditionCode.Greater => a > b ? 1 : 0,
        ConditionCode.GreaterOrEqual => a >= b ? 1 : 0,
        ConditionCode.Less => a < b ? 1 : 0,
        ConditionCode.LessOrEqual => a <= b ? 1 : 0,
        ConditionCode.And => a != 0 && b != 0 ? 1 : 0,
        _ => a != 0 || b != 0 ? 1 : 0,
    };
}
