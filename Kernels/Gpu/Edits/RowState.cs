using ILGPU;
using Managed.Kernels.Edits;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>The lines of a row's state that a token may read, and conditions on them; as <see cref="StateLines"/> on the processor.</summary>
internal readonly struct RowState(EditItem item, EditMemory memory, int position)
{
    private readonly ArrayView<float> numbers = memory.Numbers;

    private readonly ArrayView<ConditionOp> conditions = memory.Conditions;

    private readonly long lines = item.Lines;

    private readonly int slots = item.Slots, position = position, promptLength = item.PromptLength, firstCondition = item.Conditions;

    public float Current(int slot) => numbers[lines + ((long)(position + 1) * slots) + slot];

    public float Previous(int slot) => numbers[lines + ((long)position * slots) + slot];

    public float Register(RegisterFrom from, int slot)
    {
        if (from == RegisterFrom.Current)
            return Current(slot);
        if (from == RegisterFrom.Previous)
            return Previous(slot);
        if (from == RegisterFrom.PromptEnd)
            return position < promptLength ? float.NaN : numbers[lines + ((long)promptLength * slots) + slot];
        return numbers[lines + slot];
    }

    /// <summary>Writes a column of the token's line.</summary>
    public void Write(int slot, float value) => numbers[lines + ((long)(position + 1) * slots) + slot] = value;

    /// <summary>A condition's value, the same in every thread; without one: 1.</summary>
    public float Evaluate(int first, int count)
    {
        if (count == 0)
            return 1;
        ArrayView<float> stack = LocalMemory.Allocate<float>(ConditionOp.DeepestStack);
        int top = -1;
        for (int i = firstCondition + first; i < firstCondition + first + count; i++)
        {
            ConditionCode code = conditions[i].Code;
            if (code == ConditionCode.Constant)
                stack[++top] = conditions[i].Value;
            else if (code == ConditionCode.Register)
                stack[++top] = Register(conditions[i].From, conditions[i].Slot);
            else if (code == ConditionCode.Negate)
                stack[top] = -stack[top];
            else if (code == ConditionCode.Absolute)
                stack[top] = MathF.Abs(stack[top]);
            else if (code == ConditionCode.Not)
                stack[top] = stack[top] == 0 ? 1 : 0;
            else
            {
                top--;
                stack[top] = Combine(code, stack[top], stack[top + 1]);
            }
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
