"""REINFORCE balances a pole on a cart, actions drawn in the graph: `python policy_gradient.py --episodes 200`.

The cart follows A. G. Barto, R. S. Sutton and C. W. Anderson, "Neuronlike adaptive elements that can solve difficult
learning control problems", IEEE Transactions on Systems, Man, and Cybernetics 13 (1983).
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, SECONDS = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02


class Cart:
    def __init__(self, seed=0):
        self.random = np.random.RandomState(seed)

    def reset(self):
        self.state = self.random.uniform(-0.05, 0.05, 4)
        return self.state

    def step(self, action):
        _, speed, angle, turning = self.state
        force = FORCE if action == 1 else -FORCE
        sine, cosine = np.sin(angle), np.cos(angle)
        push = (force + POLE * HALF_LENGTH * turning**2 * sine) / (CART + POLE)
        inertia = HALF_LENGTH * (4.0 / 3.0 - POLE * cosine**2 / (CART + POLE))
        bend = (GRAVITY * sine - cosine * push) / inertia
        shift = push - POLE * HALF_LENGTH * bend * cosine / (CART + POLE)
        change = np.array([speed, shift, turning, bend])
        self.state = self.state + SECONDS * change
        return self.state, 1.0, bool(abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.2095)


def model():
    observations = tf.placeholder(tf.float32, [None, 4], name="observations")
    actions = tf.placeholder(tf.int32, [None], name="actions")
    advantages = tf.placeholder(tf.float32, [None], name="advantages")
    with tf.variable_scope("policy"):
        hidden = tf.layers.dense(observations, 32, tf.nn.relu, kernel_initializer=tf.glorot_normal_initializer())
        logits = tf.layers.dense(hidden, 2)
    sampled = tf.squeeze(tf.multinomial(logits, 1), axis=1)
    with tf.variable_scope("baseline"):
        baseline = tf.squeeze(tf.layers.dense(tf.layers.dense(observations, 32, tf.nn.relu), 1), 1)

    chosen = tf.reduce_sum(tf.one_hot(actions, 2) * tf.nn.log_softmax(logits), axis=1)
    entropy = -tf.reduce_mean(tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), 1))
    policy_loss = -tf.reduce_mean(chosen * tf.stop_gradient(advantages - baseline)) - 0.01 * entropy
    baseline_loss = tf.losses.mean_squared_error(advantages, baseline)
    loss = policy_loss + 0.5 * baseline_loss
    optimizer = tf.train.RMSPropOptimizer(1e-2, decay=0.99)
    pairs = [(tf.clip_by_norm(g, 5.0), v) for g, v in optimizer.compute_gradients(loss) if g is not None]
    train = optimizer.apply_gradients(pairs)
    return SimpleNamespace(
        observations=observations, actions=actions, advantages=advantages, sampled=sampled,
        outputs=[logits, baseline, sampled], losses=[(loss, tf.trainable_variables())], train=[train],
    )  # fmt: skip


def play(cart, policy, longest=200):
    observation, seen, done, rewards, drawn = cart.reset(), [], [], [], False
    while not drawn and len(seen) < longest:
        action = policy(observation)
        seen.append(observation)
        done.append(action)
        observation, reward, drawn = cart.step(action)
        rewards.append(reward)
    return np.array(seen, np.float32), np.array(done, np.int32), np.array(rewards)


def discounted(rewards, rate=0.98):
    total, out = 0.0, np.zeros(len(rewards), np.float32)
    for i in reversed(range(len(rewards))):
        total = rewards[i] + rate * total
        out[i] = total
    return out / 10.0


def feeds_of(net, played):
    seen, done, rewards = played
    return {net.observations: seen, net.actions: done, net.advantages: discounted(rewards)}


def batches(net):
    cart, coin = Cart(), np.random.RandomState(1)
    while True:
        yield feeds_of(net, play(cart, lambda _: coin.randint(2)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--episodes", type=int, default=200)
    options = parser.parse_args()
    tf.set_random_seed(1)
    net, cart, lengths = model(), Cart(), []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for episode in range(options.episodes):
            played = play(cart, lambda seen: sess.run(net.sampled, {net.observations: seen[None]})[0])
            sess.run(net.train[0], feeds_of(net, played))
            lengths.append(len(played[0]))
            if episode % 25 == 24:
                print("episode %d: the last 25 lasted %.1f steps" % (episode + 1, np.mean(lengths[-25:])))


if __name__ == "__main__":
    main()
